"""A partner explained: its codes, its terms, what it has earned in each currency."""

from collections.abc import Iterator

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import Attribution
from app.explanations.customers import credited_to
from app.explanations.payments import snapshot_note
from app.explanations.views import SnapshotNote
from app.ledger.sums import Sums
from app.partners.figures import statistics
from app.partners.models import Partner, PartnerCode
from app.partners.terms import snapshots
from app.programs.models import Program
from app.programs.shapes import shape_of
from app.sentences.say import Day, Money, listed, say
from app.views import Instant, Snake


class EarnedNote(Snake):
    """What a partner has earned in one mode and currency, in its smallest unit."""

    livemode: bool
    currency: str
    commissions: int
    accrued_minor: int
    approved_minor: int
    paid_minor: int


class BoundNote(Snake):
    """How many customers are credited to a partner now, in one mode."""

    livemode: bool
    customers: int


class PartnerState(Snake):
    """A partner without its name and address."""

    id: str
    code: str
    codes: list[str] = Field(description="Every code that is its own, oldest first.")
    status: str = Field(description="pending, active, paused, banned or deactivated.")
    program_id: str
    program_name: str
    program_status: str
    program_currency: str
    program_time_zone: str = Field(description="The zone of the days in its sentences.")
    landing_url: str | None = Field(description="Where its links lead; null: nowhere yet.")
    snapshot: SnapshotNote | None = Field(description="What its commissions compute from now; null: nothing yet.")
    holdback_days: int | None
    bound: list[BoundNote] = Field(description="How many customers are credited to it now, by mode; empty: none.")
    earned: list[EarnedNote]
    created_at: Instant


def state_of(session: Session, partner: Partner) -> PartnerState:
    """The partner's state now."""
    program = session.get_one(Program, partner.program_id)
    codes = select(PartnerCode.code).where(PartnerCode.partner_id == partner.id)
    snapshot = snapshots.in_force(session, partner.id)
    return PartnerState(
        id=ids.encode(ids.PARTNER, partner.id),
        code=partner.slug,
        codes=list(session.scalars(codes.order_by(PartnerCode.created_at, PartnerCode.code))),
        status=partner.status,
        program_id=ids.encode(ids.PROGRAM, program.id),
        program_name=program.name,
        program_status=program.status,
        program_currency=program.currency,
        program_time_zone=program.time_zone,
        landing_url=program.landing_url,
        snapshot=snapshot_note(snapshot) if snapshot else None,
        holdback_days=snapshot.holdback_days if snapshot else None,
        bound=_bound(session, partner),
        earned=[
            _earned(sums, livemode=livemode)
            for livemode in (True, False)
            for sums in statistics.load_for_partner(session, partner, program, livemode=livemode)
        ],
        created_at=partner.created_at,
    )


def summary_of(state: PartnerState) -> str:
    """The partner in one sentence."""
    status = say(f"status.{state.status}")
    return say("partner.summary", code=state.code, program=state.program_name, status=status)


def sentences_of(state: PartnerState) -> Iterator[str]:
    """All sentences about a partner, the summary first."""
    yield summary_of(state)
    others = listed(code for code in state.codes if code != state.code)
    yield say("partner.codes" if others else "partner.code", code=state.code, others=others)
    if state.landing_url is None:
        yield say("partner.no_landing_page", program=state.program_id)
    if state.status != "active":
        yield say("partner.inactive", status=say(f"status.{state.status}"))
    elif state.program_status != "active":
        yield say("partner.program_inactive", status=say(f"status.{state.program_status}"))
    yield _terms(state.snapshot, state) if state.snapshot else say("partner.no_terms")
    if not state.bound:
        yield say("partner.customers", count=0)
    for each in state.bound:
        yield say("partner.customers" if each.livemode else "partner.customers_in_test", count=each.customers)
    if not state.earned:
        yield say("partner.earned_nothing")
    for note in state.earned:
        yield say(
            "partner.earned" if note.livemode else "partner.earned_in_test",
            count=note.commissions,
            currency=note.currency.upper(),
            accrued=Money(note.accrued_minor, note.currency),
            approved=Money(note.approved_minor, note.currency),
            paid=Money(note.paid_minor, note.currency),
        )


def _terms(snapshot: SnapshotNote, state: PartnerState) -> str:
    code = "partner.own_rate" if snapshot.is_override else "partner.program_rate"
    return say(
        code if state.holdback_days is None else f"{code}_held",
        offer=shape_of(snapshot.commission).offer(state.program_currency),
        day=Day(snapshot.effective_from, state.program_time_zone),
        holdback=say("count.days", count=state.holdback_days or 0),
    )


def _bound(session: Session, partner: Partner) -> list[BoundNote]:
    """The customers credited to the partner now, in live mode first."""
    # Subscriptions, and payments credited by their own names, have separate attributions.
    customers = (
        select(Attribution.account, Attribution.livemode, Attribution.subject)
        .distinct()
        .where(*credited_to(partner.id))
        .subquery()
    )
    counted = select(customers.c.livemode, func.count()).group_by(customers.c.livemode)
    rows = session.execute(counted.order_by(customers.c.livemode.desc())).all()
    return [BoundNote(livemode=livemode, customers=count) for livemode, count in rows]


def _earned(sums: Sums, *, livemode: bool) -> EarnedNote:
    return EarnedNote(
        livemode=livemode,
        currency=sums.currency,
        commissions=sums.commission_count,
        accrued_minor=sums.pending_minor,
        approved_minor=sums.approved_minor,
        paid_minor=sums.paid_minor,
    )
