"""What settling did to each payment, conversion and commission, as facts for outbound webhooks."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.orm import Session

from app.commissions import outbound_facts
from app.commissions.outbound_facts import Happened
from app.commissions.settling.evaluate import Result
from app.commissions.settling.rows import CommissionRow
from app.immutable import immutable
from app.outbox import outbox
from app.outbox.event_types import EventType
from app.outbox.outbox import Fact
from app.payments import outbound_facts as payment_facts
from app.stripe_events.scope import Scope

TYPES: Sequence[EventType] = (
    "conversion.created",
    "conversion.approved",
    "conversion.rejected",
    "commission.accrued",
    "commission.adjusted",
    "commission.approved",
    "commission.reversed",
    "payment.unattributed",
)


@immutable
class Posted:
    """A result with its commissions as they are after its entries, in the order of `result.commissions`."""

    result: Result
    commissions: Sequence[CommissionRow]


def record(session: Session, scope: Scope, posted: Sequence[Posted]) -> None:
    """Record what changed, once all rows and postings are written. Without listeners this is one query."""
    outbox.record(
        session,
        organization_id=scope.organization_id,
        livemode=scope.livemode,
        types=TYPES,
        facts=lambda asked_for: _facts(session, posted, asked_for),
        partner_ids={commission.partner_id for each in posted for commission in each.commissions},
    )


def _facts(session: Session, posted: Sequence[Posted], asked_for: frozenset[str]) -> Iterable[Fact]:
    happened = [fact for each in posted for fact in _happened(each) if fact.type in asked_for]
    yield from outbound_facts.facts_of(session, happened)
    if "payment.unattributed" in asked_for:
        results = [each.result for each in posted]
        newly = {result.payment.id: result.cause.is_backfill for result in results if _becomes_unattributed(result)}
        yield from payment_facts.unattributed(session, newly)


def _becomes_unattributed(result: Result) -> bool:
    return payment_facts.becomes_unattributed(result.former_outcome, result.payment.outcome)


def _happened(posted: Posted) -> Iterator[Happened]:
    result = posted.result
    changed = [
        (former, after)
        for former, after in zip(result.commissions, posted.commissions, strict=True)
        if former.entry_count != after.entry_count
    ]
    is_known = any(former.level == 0 and former.entry_count for former in result.commissions)
    for former, after in changed:
        for name in _of_conversion(result, former, after, is_known=is_known):
            yield _fact(name, result, after, of_conversion=True)
        for name in _of_commission(former, after):
            yield _fact(name, result, after, of_conversion=False)


def _fact(name: EventType, result: Result, commission: CommissionRow, *, of_conversion: bool) -> Happened:
    is_new = name in ("conversion.created", "commission.accrued")
    return Happened(
        name,
        commission.conversion_id if of_conversion else commission.id,
        commission.partner_id,
        result.payment.state.occurred_at if is_new else result.cause.occurred_at,
        result.cause.is_backfill,
    )


def _of_commission(former: CommissionRow, after: CommissionRow) -> Iterator[EventType]:
    is_approved = _is_approved_now(former, after)
    if not former.entry_count:
        yield "commission.accrued"
    elif former.position.net_minor != after.position.net_minor:
        yield "commission.adjusted" if after.position.net_minor else "commission.reversed"
    elif not is_approved:
        yield "commission.adjusted"  # a hold: what was payable is accrued again
    if is_approved:
        yield "commission.approved"


def _of_conversion(
    result: Result, former: CommissionRow, after: CommissionRow, *, is_known: bool
) -> Iterator[EventType]:
    """A conversion's status is that of the credited partner's own commission, in the payment's currency."""
    conversion = result.conversion
    is_shown = (
        conversion is not None
        and (after.level, after.partner_id) == (0, conversion.partner_id)
        and after.currency == result.payment.state.currency
    )
    if not is_shown:
        return
    if not is_known:
        yield "conversion.created"
    if _is_approved_now(former, after):
        yield "conversion.approved"
    if former.entry_count and former.position.net_minor and not after.position.net_minor:
        yield "conversion.rejected"


def _is_approved_now(former: CommissionRow, after: CommissionRow) -> bool:
    was_open = not former.entry_count or former.position.status in ("accrued", "reversed")
    return was_open and after.position.status == "approved"
