"""Approving all conversions that match a filter, each with an audit entry of its own, and one for all."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.commissions.decisions import batches, decisions
from app.commissions.decisions.decisions import Decision
from app.commissions.models import Commission, Conversion
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import InvalidRequest
from app.immutable import immutable
from app.organizations import actors, audit
from app.paging import EVER, Span, owned_by, within
from app.partners.models import Partner
from app.payments.models import Payment
from app.programs.models import Program
from app.views import instant_text

MOST_AT_ONCE: Final = 500
"""The most conversions that a call approves, because they are one transaction."""

ON_HOLD: Final = ("held", "waiting")
"""The outcomes of payments with an open hold and an accrued amount: few, so they are found by the outcome."""

Waiting = Row[UUID, UUID, UUID, str, bool, str, int]
"""A conversion to approve: its id, organization, payment, account and mode; a currency and the amount accrued in it."""


@immutable
class ApprovalFilter:
    """A filter of conversions: they must meet every given condition.

    Attributes:
        livemode: of live money or of test money.
        partner: credited to this partner.
        program: of this program.
        paid: when the customer paid.
    """

    livemode: bool
    partner: Partner | None = None
    program: Program | None = None
    paid: Span = EVER


@immutable
class Approved:
    """The conversions that a call approved, or would approve.

    Attributes:
        conversion_ids: the approved conversions, the earliest payments first.
        held_ids: conversions on hold because of an open dispute or fraud warning, at most as many as a call approves.
            To approve one of them anyway, a person gives a reason.
        minor_by_currency: the commissions' amounts, of every level.
        has_more: whether more are waiting for another call.
    """

    conversion_ids: Sequence[UUID]
    held_ids: Sequence[UUID]
    minor_by_currency: Mapping[str, int]
    has_more: bool


def approve_matching(
    session: Session,
    actor: actors.Actor,
    owner_ids: Sequence[UUID],
    selected: ApprovalFilter,
    by: Cause,
    *,
    reason: str = "",
    limit: int = MOST_AT_ONCE,
    dry_run: bool = False,
) -> Approved:
    """Approve up to `limit` conversions that wait for approval, the earliest payments first, without those on hold.

    Args:
        session: takes the locks that a drain takes, settles, and writes an audit entry for each conversion and one for
            all.
        actor: who approves.
        owner_ids: the organizations of the conversions; the audit entry for all belongs to the first.
        selected: at least one condition, so that a mistake does not approve everything.
        by: the cause of the ledger entries.
        reason: stored with each decision.
        limit: at most `MOST_AT_ONCE`.
        dry_run: change nothing; only return what would be approved.

    Raises:
        InvalidRequest: `selected` has no condition.
    """
    if selected == ApprovalFilter(selected.livemode):
        message = "send at least one condition: a partner, a program, or when the customer paid (since, until)"
        raise InvalidRequest(message, param="until")
    waiting = _waiting(owner_ids, selected, by.occurred_at).limit(limit + 1)
    rows = session.execute(waiting).all()
    chosen = rows[:limit]
    if not dry_run:
        chosen = _approve(session, actor, chosen, by, reason)
    held = session.execute(_waiting(owner_ids, selected, by.occurred_at, on_hold=True).limit(limit)).all()
    approved = Approved(
        conversion_ids=list(dict.fromkeys(row.id for row in chosen)),
        held_ids=list(dict.fromkeys(row.id for row in held)),
        minor_by_currency=_summed(chosen),
        has_more=len(rows) > limit,
    )
    if not dry_run:
        _note_run(session, actor, owner_ids[0], selected, approved)
    return approved


def _waiting(
    owner_ids: Sequence[UUID], selected: ApprovalFilter, now: datetime, *, on_hold: bool = False
) -> Select[UUID, UUID, UUID, str, bool, str, int]:
    """Conversions with an accrued amount, oldest payment first: a row for each conversion and currency."""
    columns = (Conversion.id, Conversion.organization_id, Conversion.payment_id, Payment.account, Payment.livemode)
    is_held = and_(Payment.outcome.in_(ON_HOLD), Payment.held_until > now)
    is_free = or_(Payment.held_until.is_(None), Payment.held_until <= now)
    statement = (
        select(*columns, Commission.currency, func.sum(Commission.accrued_minor).label("accrued_minor"))
        .join(Conversion, Conversion.id == Commission.conversion_id)
        .join(Payment, Payment.id == Conversion.payment_id)
        .where(owned_by(Commission.organization_id, owner_ids), Commission.livemode == selected.livemode)
        .where(Commission.status == "accrued")
        .where(Payment.merged_into_id.is_(None), is_held if on_hold else is_free)
        .group_by(*columns, Commission.currency, Payment.occurred_at)
        .order_by(Payment.occurred_at, Conversion.id)
    )
    if selected.partner is not None:
        # The first condition follows from the second, but leaves only few accrued commissions to be joined.
        is_own = or_(Commission.level > 0, Commission.partner_id == selected.partner.id)
        statement = statement.where(is_own, Conversion.partner_id == selected.partner.id)
    if selected.program is not None:
        statement = statement.where(Conversion.program_id == selected.program.id)
    return within(statement, Payment.occurred_at, selected.paid)


def _approve(
    session: Session, actor: actors.Actor, chosen: Sequence[Waiting], by: Cause, reason: str
) -> Sequence[Waiting]:
    """Approve those of `chosen` that still wait after their locks were taken; returns them."""
    still: list[Waiting] = []
    for scope, payment_ids in batches.by_scope(chosen).items():
        locked = batches.lock(session, scope, payment_ids)
        again = _waiting([scope.organization_id], ApprovalFilter(scope.livemode), by.occurred_at)
        rows = session.execute(again.where(among(Conversion.payment_id, payment_ids))).all()
        decided_by, paid = actors.name_of(actor), dict.fromkeys(row.payment_id for row in rows)
        decided = [
            Decision(payment_id, "approved", decided_by, by.occurred_at, by.occurred_at, reason) for payment_id in paid
        ]
        decisions.insert(session, scope, decided)
        settle_objects(session, scope, locked, by)
        still += rows
    for conversion_id, owner, mode in dict.fromkeys((row.id, row.organization_id, row.livemode) for row in still):
        subject_id, details = ids.encode(ids.CONVERSION, conversion_id), {"in_bulk": True}
        audit.add_entry(
            session, actor, "conversion.approved", subject_id, details, organization_id=owner, livemode=mode
        )
    return still


def _summed(rows: Sequence[Waiting]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.currency] = totals.get(row.currency, 0) + int(row.accrued_minor)
    return dict(sorted(totals.items()))


def _note_run(
    session: Session, actor: actors.Actor, owner_id: UUID, selected: ApprovalFilter, approved: Approved
) -> None:
    given: dict[str, Any] = {
        "partner_id": ids.encode(ids.PARTNER, selected.partner.id) if selected.partner else None,
        "program_id": ids.encode(ids.PROGRAM, selected.program.id) if selected.program else None,
        "since": instant_text(selected.paid.since) if selected.paid.since else None,
        "until": instant_text(selected.paid.until) if selected.paid.until else None,
    }
    details = {name: value for name, value in given.items() if value is not None}
    details |= {"approved": len(approved.conversion_ids), "on_hold": len(approved.held_ids)}
    subject_id = ids.encode(ids.ORGANIZATION, owner_id)
    mode = selected.livemode
    audit.add_entry(
        session, actor, "conversions.approved", subject_id, details, organization_id=owner_id, livemode=mode
    )
