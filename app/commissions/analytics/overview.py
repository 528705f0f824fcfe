"""An organization at a glance: what it owes, what it earned lately, what needs a person, and the steps of its setup."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.commissions import queries
from app.commissions.analytics.figures import DAYS
from app.commissions.queries import ListQuery
from app.ledger import overall
from app.ledger.checkpoints import ProgramDays
from app.ledger.overall import Lately
from app.ledger.sums import Sums
from app.paging import Numbered, Page, Span, owned_by
from app.partners.queries import listing
from app.payments.models import Payment
from app.payments.queries import PaymentFilter, list_payments
from app.programs.models import Program
from app.stripe_events.endpoints import rows as endpoints
from app.stripe_events.queries import EventFilter, list_events, oldest_unprocessed
from app.views import Instant, Snake

UNATTRIBUTED_DAYS: Final = 30
MOST_COUNTED: Final = 100
"""Where counting ends: a person needs to know that there is work, not how many hundreds."""

Attention = Literal["applications", "unknown_code", "held", "parked", "conflict"]
Step = Literal["endpoint", "program", "landing", "partner", "event", "commission"]


class OwedBody(Snake):
    """What all partners have in one currency, in its smallest unit; owed = accrued + payable + in payouts."""

    currency: str
    owed_cents: int
    accrued_cents: int = Field(description="Earned and not approved.")
    payable_cents: int = Field(description="Approved and in no payout; negative: partners owe it.")
    in_payouts_cents: int = Field(description="In a payout that was not confirmed.")
    paid_cents: int = Field(description="Paid in total, the platform's fee included.")


class EarnedOnDay(Snake):
    """What was earned on one day in one currency."""

    date: date
    currency: str
    earned_cents: int
    commissions: int


class UnattributedBody(Snake):
    """Payments without a partner of the last 30 days, in one currency."""

    currency: str
    amount_cents: int
    payments: int


class AttentionBody(Snake):
    """A kind of thing that a person has to decide, and how many there are."""

    code: Attention
    count: int = Field(description="At most 100.")
    has_more: bool


class StepBody(Snake):
    """A step of the setup."""

    code: Step
    is_done: bool


class Overview(Snake):
    """An organization at a glance, in one mode."""

    owed: list[OwedBody]
    series: list[EarnedOnDay] = Field(description="Every day and currency of the last 30 days, in order.")
    unattributed: list[UnattributedBody]
    unattributed_has_more: bool = Field(description="Whether only the newest 500 were summed.")
    attention: list[AttentionBody] = Field(description="Only what there is.")
    oldest_unprocessed_at: Instant | None = Field(description="When the oldest unprocessed event arrived.")
    steps: list[StepBody]
    is_set_up: bool = Field(description="Whether a commission has been earned, so that the steps need not be shown.")


def load(session: Session, organization_ids: Sequence[UUID], *, livemode: bool) -> Overview:
    """The overview of these organizations in live or in test mode. `session` sees all of their rows."""
    programs = session.scalars(
        select(Program).where(owned_by(Program.organization_id, organization_ids)).order_by(Program.id)
    ).all()
    days = [ProgramDays(one.id, one.organization_id, one.time_zone) for one in programs]
    unattributed = _unattributed(session, organization_ids, livemode=livemode)
    steps = _steps(session, organization_ids, programs, livemode=livemode)
    return Overview(
        owed=[_owed_body(total) for total in overall.ever(session, days, livemode=livemode)],
        series=_series(overall.lately(session, days, DAYS, livemode=livemode), [one.currency for one in programs]),
        unattributed=_by_currency(unattributed.rows),
        unattributed_has_more=unattributed.has_more,
        attention=list(_attention(session, organization_ids, livemode=livemode)),
        oldest_unprocessed_at=oldest_unprocessed(session, organization_ids, livemode=livemode),
        steps=steps,
        is_set_up=any(step.code == "commission" and step.is_done for step in steps),
    )


def _owed_body(total: Sums) -> OwedBody:
    return OwedBody(
        currency=total.currency,
        owed_cents=total.pending_minor + total.approved_minor,
        accrued_cents=total.accrued_minor,
        payable_cents=total.payable_minor,
        in_payouts_cents=total.clearing_minor,
        paid_cents=total.paid_minor,
    )


def _series(earned: Lately, currencies: Sequence[str]) -> list[EarnedOnDay]:
    """Every day in each currency, also if nothing was earned; first the currency with the most commissions."""
    by_day = {(day, one.currency): one for day, one in earned.by_day}
    counts = dict.fromkeys(sorted({*currencies, *(currency for _, currency in by_day)}), 0)
    for (_, currency), one in by_day.items():
        counts[currency] += one.commission_count
    shown = sorted(counts, key=lambda currency: -counts[currency])
    return [
        EarnedOnDay(date=day, currency=currency, earned_cents=one.earned_minor, commissions=one.commission_count)
        for day in earned.days
        for currency in shown
        for one in [by_day.get((day, currency), Sums(currency))]
    ]


def _unattributed(session: Session, organization_ids: Sequence[UUID], *, livemode: bool) -> Page[Payment]:
    lately = Span(since=datetime.now(UTC) - timedelta(days=UNATTRIBUTED_DAYS))
    filters = PaymentFilter(livemode, attributed=False, paid=lately)
    return list_payments(session, organization_ids, filters, Numbered(), limit=500)


def _by_currency(payments: Iterable[Payment]) -> list[UnattributedBody]:
    amounts: dict[str, list[int]] = {}
    for payment in payments:
        amounts.setdefault(payment.currency, []).append(payment.gross_minor - payment.returned_minor)
    return [
        UnattributedBody(currency=currency, amount_cents=sum(every), payments=len(every))
        for currency, every in sorted(amounts.items())
    ]


def _attention(session: Session, organization_ids: Sequence[UUID], *, livemode: bool) -> Iterator[AttentionBody]:
    def payments(filters: PaymentFilter) -> Page[Payment]:
        return list_payments(session, organization_ids, filters, Numbered(), limit=MOST_COUNTED)

    invited = listing.list_partners(session, organization_ids, limit=MOST_COUNTED, statuses=("pending",))
    yield from _counted("applications", invited)
    yield from _counted("unknown_code", payments(PaymentFilter(livemode, outcome="unknown_code")))
    yield from _counted("held", payments(PaymentFilter(livemode, outcome="held")))
    yield from _counted("conflict", payments(PaymentFilter(livemode, conflict=True)))
    parked = list_events(session, organization_ids, EventFilter(livemode, "parked"), limit=MOST_COUNTED)
    yield from _counted("parked", parked)


def _counted(code: Attention, page: Page[Any]) -> Iterator[AttentionBody]:
    """Nothing where there are none."""
    if page.rows:
        yield AttentionBody(code=code, count=len(page.rows), has_more=page.has_more)


def _steps(
    session: Session, organization_ids: Sequence[UUID], programs: Sequence[Program], *, livemode: bool
) -> list[StepBody]:
    first = ListQuery(1, livemode)
    done: dict[Step, bool] = {
        "endpoint": bool(endpoints.list_endpoints(session, organization_ids, limit=1).rows),
        "program": any(program.status == "active" for program in programs),
        "landing": any(program.landing_url for program in programs),
        "partner": bool(listing.list_partners(session, organization_ids, limit=1, statuses=("active",)).rows),
        "event": bool(list_events(session, organization_ids, EventFilter(livemode), limit=1).rows),
        "commission": bool(queries.list_commissions(session, organization_ids, first).rows),
    }
    return [StepBody(code=code, is_done=is_done) for code, is_done in done.items()]
