"""The explanation of a commission for the partner that earns it: rate, base, holdback and what was taken back.

It has no data of the customer and no carriers, which contain what the merchant's systems wrote.
"""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.commissions.models import Commission
from app.commissions.queries import OWN_COMMISSIONS, net_minor
from app.commissions.views import CommissionStatus
from app.errors import NotFound
from app.partners.models import Snapshot
from app.programs.models import Program
from app.programs.shapes import shape_of
from app.sentences.say import Day, Money, Rate, say
from app.views import Instant, Snake


class OwnExplanation(Snake):
    """The explanation of one of your commissions; amounts in the currency's smallest unit."""

    id: str = Field(examples=["com_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    program_name: str
    summary: str
    sentences: list[str] = Field(description="The whole explanation, for people.")
    status: CommissionStatus
    currency: str
    level: int = Field(description="0: your own sale; 1 and up: a sale of a partner this many levels below you.")
    cycle: int | None = Field(description="Its billing cycle; null for one-time sales and without a limit.")
    base_cents: int = Field(description="What the commission is computed from.")
    rate_bps: int | None = Field(description="Null for a fixed amount or several rates.")
    amount_cents: int = Field(description="With nothing taken back.")
    net_cents: int = Field(description="The amount net of reversals: what it is worth now.")
    commission: dict[str, Any] = Field(description="Your terms at the time of the payment.")
    holdback_days: int | None
    accrued_at: Instant
    mature_at: Instant | None
    approved_at: Instant | None
    paid_at: Instant | None


def explain_own(session: Session, public_id: str) -> OwnExplanation:
    """One commission of the partner the session is narrowed to. Raises NotFound."""
    query = OWN_COMMISSIONS.where(Commission.id == ids.decode(public_id, ids.COMMISSION))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound.of("commission", public_id, where=" among yours")
    commission: Commission = row[0]
    program = session.get_one(Program, commission.program_id)
    terms = session.scalars(select(Snapshot.commission).where(Snapshot.id == commission.snapshot_id)).one()
    sentences = list(_sentences(commission, program, terms))
    return OwnExplanation(
        id=ids.encode(ids.COMMISSION, commission.id),
        program_id=ids.encode(ids.PROGRAM, program.id),
        program_name=program.name,
        summary=sentences[0],
        sentences=sentences,
        status=cast("CommissionStatus", commission.status),
        currency=commission.currency,
        level=commission.level,
        cycle=commission.cycle,
        base_cents=commission.base_minor,
        rate_bps=commission.rate_bps,
        amount_cents=commission.amount_minor,
        net_cents=net_minor(commission),
        commission=terms,
        holdback_days=commission.holdback_days,
        accrued_at=commission.accrued_at,
        mature_at=commission.mature_at,
        approved_at=commission.approved_at,
        paid_at=commission.paid_at,
    )


def _sentences(commission: Commission, program: Program, terms: dict[str, Any]) -> Iterator[str]:
    currency = commission.currency
    amount, base = Money(commission.amount_minor, currency), Money(commission.base_minor, currency)
    if commission.rate_bps is None:
        yield say("own.terms", program=program.name, amount=amount, offer=shape_of(terms).offer(program.currency))
    else:
        yield say("own.rate", rate=Rate(commission.rate_bps), base=base, amount=amount, program=program.name)
    if commission.level > 0:
        yield say("own.level", count=commission.level)
    if commission.cycle is not None:
        yield say("own.cycle", cycle=commission.cycle)
    worth = net_minor(commission)
    if worth != commission.amount_minor:
        taken = Money(commission.amount_minor - worth, currency)
        yield say("own.taken_back", taken=taken, left=Money(worth, currency))
    yield from _status(commission, program.time_zone)


def _status(commission: Commission, zone: str) -> Iterator[str]:
    if commission.status == "accrued" and commission.mature_at is not None:
        day, days = Day(commission.mature_at, zone), commission.holdback_days
        yield say("own.holdback", day=day, count=days) if days else say("own.holdback_at_once", day=day)
    elif commission.status == "accrued":
        yield say("own.until_approved")
    elif commission.status == "approved":
        yield say("own.approved")
    elif commission.status == "paid" and commission.paid_at is not None:
        yield say("own.paid", day=Day(commission.paid_at, zone))
