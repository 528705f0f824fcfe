"""How a partner stands: its codes, its terms, what it has earned in each currency."""

from collections.abc import Iterator

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.models import Attribution
from app.explanations.payments import snapshot_note
from app.explanations.views import SnapshotNote
from app.ledger.sums import Sums
from app.money import format_money
from app.partners.figures import statistics
from app.partners.models import Partner, PartnerCode
from app.partners.offers import rate_in_words
from app.partners.terms import snapshots
from app.programs.models import Program
from app.views import Instant, Snake


class EarnedNote(Snake):
    """What a partner has earned in one currency, in its smallest unit."""

    currency: str
    commissions: int
    accrued_minor: int
    approved_minor: int
    paid_minor: int


class PartnerStanding(Snake):
    """A partner without its name and address."""

    id: str
    code: str
    codes: list[str] = Field(description="Every code that is its own, oldest first.")
    status: str = Field(description="pending, active, paused, banned or deactivated.")
    program_id: str
    program_name: str
    program_status: str
    program_currency: str
    landing_url: str | None = Field(description="Where its links lead; null: nowhere yet.")
    snapshot: SnapshotNote | None = Field(description="What its commissions compute from now; null: nothing yet.")
    holdback_days: int | None
    bound: int = Field(description="How many customers are credited to it now.")
    earned: list[EarnedNote]
    created_at: Instant


def standing_of(session: Session, partner: Partner) -> PartnerStanding:
    """The partner's standing now."""
    program = session.get_one(Program, partner.program_id)
    codes = select(PartnerCode.code).where(PartnerCode.partner_id == partner.id)
    snapshot = snapshots.in_force(session, partner.id)
    return PartnerStanding(
        id=ids.encode(ids.PARTNER, partner.id),
        code=partner.slug,
        codes=list(session.scalars(codes.order_by(PartnerCode.created_at, PartnerCode.code))),
        status=partner.status,
        program_id=ids.encode(ids.PROGRAM, program.id),
        program_name=program.name,
        program_status=program.status,
        program_currency=program.currency,
        landing_url=program.landing_url,
        snapshot=snapshot_note(snapshot) if snapshot else None,
        holdback_days=snapshot.holdback_days if snapshot else None,
        bound=_bound(session, partner),
        earned=[_earned(one) for one in statistics.load_for_partner(session, partner, program)],
        created_at=partner.created_at,
    )


def summary_of(standing: PartnerStanding) -> str:
    """Who it is, in one sentence."""
    return f"{standing.code} is a partner of the program {standing.program_name}, {standing.status}."


def sentences_of(standing: PartnerStanding) -> Iterator[str]:
    """The partner's standing in plain sentences."""
    yield summary_of(standing)
    others = [code for code in standing.codes if code != standing.code]
    yield f"Its code is {standing.code}{f'; {_list(others)} also lead to it' if others else ''}."
    if standing.landing_url is None:
        yield (
            "Visitors cannot follow its links yet: the program has no landing page. "
            f"Set one with `accrual programs change {standing.program_id} --landing-url https://…`."
        )
    if standing.status != "active" or standing.program_status != "active":
        partner, program = f"the partner is {standing.status}", f"the program is {standing.program_status}"
        yield f"New payments earn it nothing while {partner if standing.status != 'active' else program}."
    if standing.snapshot is None:
        yield "No terms are stamped onto it yet; that happens when it becomes active."
    else:
        yield f"{_terms(standing.snapshot, standing)}."
    customers = "1 customer is" if standing.bound == 1 else f"{standing.bound} customers are"
    yield f"{customers} credited to it now."
    if not standing.earned:
        yield "It has earned nothing yet."
    for one in standing.earned:
        accrued, approved, paid = (
            format_money(minor, one.currency) for minor in (one.accrued_minor, one.approved_minor, one.paid_minor)
        )
        standing_now = f"{accrued} accrued, {approved} approved, {paid} paid"
        commissions = "1 commission" if one.commissions == 1 else f"{one.commissions} commissions"
        yield f"{commissions} in {one.currency.upper()}: {standing_now}."


def _terms(snapshot: SnapshotNote, standing: PartnerStanding) -> str:
    words = rate_in_words(snapshot.commission, standing.program_currency)
    origin = "its own rate" if snapshot.is_override else "the program's rate"
    held = f"; holdback {standing.holdback_days} days" if standing.holdback_days is not None else ""
    return f"It earns {words}, {origin}, since {snapshot.effective_from:%Y-%m-%d}{held}"


def _bound(session: Session, partner: Partner) -> int:
    # A customer's subscriptions, and payments credited by themselves, have attributions of their own.
    account = (Attribution.account, Attribution.livemode, Attribution.subject)
    customers = (
        select(*account)
        .distinct()
        .where(
            Attribution.partner_id == partner.id,
            Attribution.superseded_at.is_(None),
            Attribution.subject.startswith("cus_", autoescape=True),
        )
    )
    return session.scalar(select(func.count()).select_from(customers.subquery())) or 0


def _earned(one: Sums) -> EarnedNote:
    return EarnedNote(
        currency=one.currency,
        commissions=one.commission_count,
        accrued_minor=one.pending_minor,
        approved_minor=one.approved_minor,
        paid_minor=one.paid_minor,
    )


def _list(words: list[str]) -> str:
    return ", ".join(words)
