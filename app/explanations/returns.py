"""What came back of a payment, or may: refunds, disputes, credit notes, fraud warnings, each with where it stands."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pydantic import Field

from app.money import format_money
from app.payments.facts import RETURNED_NOTHING, Kind
from app.payments.models import StripeObject
from app.payments.payment_objects import payment_group_of
from app.payments.state import refunds
from app.payments.state.payment_group import KnownObject
from app.payments.state.returns import is_money_out
from app.views import Instant, Snake

AMOUNTS: Final = {
    Kind.REFUND: "amount",
    Kind.DISPUTE: "amount",
    Kind.CREDIT_NOTE: "out_of_band",
    Kind.REPORTED_REFUND: "amount",
}
"""Which fact tells the amount. Of a credit note only what went back outside Stripe is its own."""


class ReturnNote(Snake):
    """One thing that took money back, or may."""

    kind: str = Field(examples=["refund"])
    id: str
    amount_cents: int | None = Field(description="Null: it has no amount of its own.")
    currency: str | None
    status: str | None
    is_money_out: bool = Field(description="Whether it counts as money that went back to the customer.")
    is_release: bool = Field(
        description="A release: this amount was authorized but never captured, so no money went back."
    )
    reported_by: str | None = Field(description="Given back outside Stripe: who said so, `key_…`.")
    external_id: str | None = Field(description="Given back outside Stripe: your own id of it.")
    stated_at: Instant


def notes_of(payment_objects: Iterable[StripeObject], *kinds: str) -> list[ReturnNote]:
    """Those of `kinds` among all of a payment's objects, oldest first."""
    own = list(payment_objects)
    releases = refunds.releases_in(payment_group_of(own)) if Kind.REFUND in kinds else frozenset()
    stated = [one for one in own if one.kind in kinds and one.facts and one.stated_at is not None]
    notes = [note for one in stated if (note := note_of(one, is_release=one.id in releases)) is not None]
    return sorted(notes, key=lambda note: (note.stated_at, note.id))


def note_of(known: StripeObject, *, is_release: bool) -> ReturnNote | None:
    """The note of one object; None if it is none that takes money back, or was only named.

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


def sentences_of(notes: Sequence[ReturnNote], currency: str) -> Iterator[str]:
    """A sentence for each; `currency` is the payment's, for what names none."""
    for note in notes:
        yield sentence_of(note, currency)


def sentence_of(note: ReturnNote, currency: str) -> str:
    """What it is, its amount, its status, and whether its funds are withdrawn."""
    told = _amount(note, currency)
    if note.kind == Kind.REPORTED_REFUND:
        named = f" as {note.external_id}" if note.external_id else ""
        return f"{told} went back outside Stripe: {note.reported_by} reported it{named} on {note.stated_at:%Y-%m-%d}."
    if note.kind == Kind.REFUND:
        ending = "the money went back" if note.is_money_out else "nothing went back"
        if note.is_release:
            ending = "it releases what was authorized and not captured, so nothing went back"
        return f"Refund {note.id} of {told}: {note.status}, {ending}."
    if note.kind == Kind.DISPUTE:
        ending = "funds withdrawn" if note.is_money_out else "funds not withdrawn, or reinstated"
        return f"Dispute {note.id} of {told}: {note.status}, {ending}."
    if note.kind == Kind.CREDIT_NOTE:
        ending = f"{told} of it went back outside Stripe" if note.is_money_out else "of itself it takes nothing back"
        return f"Credit note {note.id}: {note.status}, {ending}."
    return f"Fraud warning {note.id}: it takes nothing back, and may hold the approval."


def _amount(note: ReturnNote, currency: str) -> str:
    return format_money(note.amount_cents or 0, note.currency or currency)


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
