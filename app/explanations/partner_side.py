"""A commission explained to the partner that earns it: rate, base, holdback and what was taken back.

Nothing of the customer is in it, nor how the payment was attributed: carriers hold what the merchant's systems wrote.
"""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.commissions.listing import OWN_COMMISSIONS, held_minor
from app.commissions.models import Commission
from app.commissions.views import CommissionStatus
from app.errors import NotFound
from app.money import format_money, format_rate
from app.partners.models import Snapshot
from app.partners.offers import rate_in_words
from app.programs.models import Program
from app.views import Instant, Snake


class OwnExplanation(Snake):
    """Why a commission of yours is what it is; amounts in the currency's smallest unit."""

    id: str = Field(examples=["com_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    program_name: str
    summary: str
    sentences: list[str] = Field(description="The whole explanation, for people.")
    status: CommissionStatus
    currency: str
    level: int = Field(description="0: your own sale; 1 and up: a sale of a partner that many levels below you.")
    cycle: int | None = Field(description="Its billing cycle; null for one-off sales, and where no limit is set.")
    base_cents: int = Field(description="What the commission is computed from.")
    rate_bps: int | None = Field(description="Null for a fixed amount, or several rates.")
    amount_cents: int = Field(description="With nothing taken back.")
    held_cents: int = Field(description="What it is worth now.")
    commission: dict[str, Any] = Field(description="Your terms at the time of the payment.")
    holdback_days: int | None
    accrued_at: Instant
    mature_at: Instant | None
    approved_at: Instant | None
    paid_at: Instant | None


def explain_own(session: Session, public_id: str) -> OwnExplanation:
    """One commission of the partner the session is narrowed to. Raises NotFound."""
    wanted = OWN_COMMISSIONS.where(Commission.id == ids.decode(public_id, ids.COMMISSION))
    found = session.execute(wanted).one_or_none()
    if found is None:
        raise NotFound.of("commission", public_id, where=" among yours")
    commission: Commission = found[0]
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
        held_cents=held_minor(commission),
        commission=terms,
        holdback_days=commission.holdback_days,
        accrued_at=commission.accrued_at,
        mature_at=commission.mature_at,
        approved_at=commission.approved_at,
        paid_at=commission.paid_at,
    )


def _sentences(commission: Commission, program: Program, terms: dict[str, Any]) -> Iterator[str]:
    amount = format_money(commission.amount_minor, commission.currency)
    base = format_money(commission.base_minor, commission.currency)
    if commission.rate_bps is None:
        yield f"This commission of {program.name} is {amount}, by the terms {rate_in_words(terms, program.currency)}."
    else:
        yield f"{format_rate(commission.rate_bps)} of {base} is {amount}, in the program {program.name}."
    if commission.level > 0:
        levels = "one level" if commission.level == 1 else f"{commission.level} levels"
        yield f"It comes from a sale of a partner {levels} below you, at the program's rate for that level."
    if commission.cycle is not None:
        yield f"It is for billing cycle {commission.cycle} of the customer's subscription."
    held = held_minor(commission)
    if held != commission.amount_minor:
        taken = format_money(commission.amount_minor - held, commission.currency)
        rest = format_money(held, commission.currency)
        yield f"{taken} of it was taken back: money was returned, or the commission was rejected. {rest} is left."
    yield from _standing(commission)


def _standing(commission: Commission) -> Iterator[str]:
    if commission.status == "accrued" and commission.mature_at is not None:
        day = f"{commission.mature_at:%d %B %Y} (UTC)"
        yield f"It is approved on {day}, {commission.holdback_days} days after the payment, unless it is held."
    elif commission.status == "accrued":
        yield "It waits for the program's owner to approve it."
    elif commission.status == "approved":
        yield "It is approved and not paid yet."
    elif commission.status == "paid" and commission.paid_at is not None:
        yield f"It was paid on {commission.paid_at:%d %B %Y} (UTC)."
