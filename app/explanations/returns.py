"""Returns of a payment: refunds, disputes, credit notes and fraud warnings, each with its state."""

from collections.abc import Iterable
from typing import Final

from pydantic import Field

from app.payments.facts import RETURNED_NOTHING, Kind
from app.payments.models import StripeObject
from app.payments.payment_objects import payment_group_of
from app.payments.state import refunds
from app.payments.state.payment_group import KnownObject
from app.payments.state.returns import is_money_out
from app.sentences.say import Day, Money, say
from app.times import UTC_NAME
from app.views import Instant, Snake

AMOUNTS: Final = {
    Kind.REFUND: "amount",
    Kind.DISPUTE: "amount",
    Kind.CREDIT_NOTE: "out_of_band",
    Kind.REPORTED_REFUND: "amount",
}
"""By kind: the fact with the amount; for a credit note what was given back outside Stripe."""


class ReturnNote(Snake):
    """A refund, dispute, credit note or fraud warning."""

    kind: str = Field(examples=["refund"])
    id: str
    amount_cents: int | None = Field(description="Null: it has no amount of its own.")
    currency: str | None
    status: str | None
    is_money_out: bool = Field(description="Whether it counts as money returned to the customer.")
    is_release: bool = Field(
        description="A release: this amount was authorized but never captured, so no money was returned."
    )
    reported_by: str | None = Field(description="Given back outside Stripe: who reported it, `key_…`.")
    external_id: str | None = Field(description="Given back outside Stripe: your own id of it.")
    stated_at: Instant


def notes_of(payment_objects: Iterable[StripeObject], *kinds: str) -> list[ReturnNote]:
    """The objects of `kinds` among all of a payment's objects, oldest first."""
    own = list(payment_objects)
    stated = [stored for stored in own if stored.kind in kinds and stored.facts and stored.stated_at is not None]
    has_refund = any(stored.kind == Kind.REFUND for stored in stated)
    releases = refunds.releases_in(payment_group_of(own)) if has_refund else frozenset()
    notes = [note for stored in stated if (note := note_of(stored, is_release=stored.id in releases)) is not None]
    return sorted(notes, key=lambda note: (note.stated_at, note.id))


def note_of(known: StripeObject, *, is_release: bool) -> ReturnNote | None:
    """The view of an object; None if it is of another kind, or was only named.

    Args:
        known: the object.
        is_release: it is a refund of what was authorized and not captured.
    """
    if known.kind not in (*AMOUNTS, Kind.WARNING) or known.stated_at is None or not known.facts:
        return None
    amount = known.facts.get(AMOUNTS.get(known.kind, ""))
    return ReturnNote(
        kind=known.kind,
        id=known.id,
        amount_cents=amount,
        currency=known.facts.get("currency"),
        status=known.facts.get("status"),
        is_money_out=_is_out(known) and not is_release,
        is_release=is_release,
        reported_by=known.facts.get("reported_by"),
        external_id=known.facts.get("external_id"),
        stated_at=known.stated_at,
    )


def sentence_of(note: ReturnNote, currency: str, zone: str = UTC_NAME) -> str:
    """A sentence with its kind, amount and status, and whether funds are withdrawn.

    Args:
        note: the return.
        currency: the payment's, for a return without a currency.
        zone: the time zone (IANA name) that days are shown in.
    """
    amount = Money(note.amount_cents or 0, note.currency or currency)
    if note.kind == Kind.REPORTED_REFUND:
        return say(
            "returned.reported_as" if note.external_id else "returned.reported",
            amount=amount,
            by=note.reported_by or "",
            external_id=note.external_id or "",
            day=Day(note.stated_at, zone),
        )
    nothing = "" if note.is_money_out else "_nothing"
    code = "returned.release" if note.is_release else f"returned.{note.kind}{nothing}"
    if note.kind == Kind.WARNING:
        code = "returned.warning"
    return say(code, id=note.id, amount=amount, status=note.status or "")


def _is_out(known: StripeObject) -> bool:
    if known.kind == Kind.REPORTED_REFUND:
        return True
    if known.kind == Kind.REFUND:
        return known.facts.get("status") not in RETURNED_NOTHING
    if known.kind == Kind.DISPUTE:
        return is_money_out(
            KnownObject(known.kind, known.id, known.root, known.customer, known.subscription, known.facts, None)
        )
    if known.kind == Kind.CREDIT_NOTE:
        return known.facts.get("status") == "issued" and bool(known.facts.get("out_of_band"))
    return False
