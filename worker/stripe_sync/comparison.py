"""Stripe's document beside what we hold, and where they differ. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.payments.facts import RETURNED_NOTHING, Kind
from app.payments.holdings import Held, Payment
from app.payments.state import returns
from app.payments.state.payment_group import KnownObject
from worker.inbox.handlers import disputes
from worker.inbox.handlers.invoices import documents as invoices

Document = Mapping[str, Any]
KEY_KINDS: Final = {"invoice": Kind.INVOICE, "pi": Kind.PAYMENT_INTENT, "ch": Kind.CHARGE}
"""By the beginning of a payment's key, what its object is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; amounts in minor units, None where there is nothing on that side.

    Attributes:
        currency: of `stripe_minor`.
        object_kind: what Stripe's object is, `invoice`.
        our_currency: of `our_minor`.
    """

    kind: str
    stripe_id: str
    currency: str
    stripe_minor: int | None
    our_minor: int | None
    object_kind: str
    our_currency: str


def invoice(document: Document, held: Held) -> Difference | None:
    """A paid invoice beside the payment of that invoice."""
    collected = _collected(document)
    ours = held.payments.get(f"invoice:{document['id']}")
    if ours is None and collected == 0:
        return None
    return _amount(document, "invoice", collected, ours)


def charge(document: Document, held: Held) -> Difference | None:
    """A captured charge beside the payment it brought; one that paid an invoice only by what went back."""
    if document.get("status") != "succeeded" or document.get("captured") is False:
        return None
    charge_id, intent = document["id"], _identity(document.get("payment_intent"))
    captured = int(document.get("amount_captured") or 0)
    ours = held.payments.get(f"pi:{intent}") or held.payments.get(f"ch:{charge_id}")
    if ours is None and {charge_id, intent} & held.invoiced:
        return _returned(document, captured, held.payments.get(charge_id), held)
    if ours is None and (held.facts.get(charge_id) or held.facts.get(intent)):
        return _returned(document, captured, held.payments.get(charge_id), held)
    found = _amount(document, "charge", captured, ours)
    return found or _returned(document, captured, ours, held)


def intent(document: Document, held: Held) -> Difference | None:
    """A PaymentIntent beside the payment it brought."""
    return _amount(
        document, Kind.PAYMENT_INTENT, int(document["amount_received"]), held.payments.get(f"pi:{document['id']}")
    )


def refund(document: Document, held: Held) -> Difference | None:
    """A refund beside what we know of it; one that failed gave nothing back."""
    facts = held.facts.get(document["id"])
    theirs = _given_back(document.get("status"), document["amount"])
    if not facts:
        return None if theirs == 0 else _missing(document, "refund", theirs)
    return _back(document, "refund", theirs, _given_back(facts.get("status"), facts["amount"]))


def dispute(document: Document, held: Held) -> Difference | None:
    """A dispute beside what we know of it: whether it took the money."""
    facts = held.facts.get(document["id"])
    if not facts:
        return _missing(document, "dispute", document["amount"])
    read = disputes.changed(document).objects[0].facts
    theirs, ours = (int(one["amount"]) if _is_out(one) else 0 for one in (read, facts))
    return _back(document, "dispute", theirs, ours)


COMPARED: Final = {
    "invoices": invoice,
    "charges": charge,
    "refunds": refund,
    "disputes": dispute,
}
"""By the name of the list that the documents come from."""


def ids_of(documents: Sequence[Document]) -> list[str]:
    """The ids by which what we hold about these documents is found, the charges and PaymentIntents they name too."""
    named = {_identity(one.get(field)) for one in documents for field in ("id", "charge", "payment_intent")}
    return sorted(named - {""})


def _amount(document: Document, what: str, theirs: int, ours: Payment | None) -> Difference | None:
    if ours is None:
        return None if theirs == 0 else _missing(document, what, theirs)
    if (ours.gross_minor, ours.currency) == (theirs, document["currency"]):
        return None
    return Difference(
        "amount_differs", document["id"], document["currency"], theirs, ours.gross_minor, what, ours.currency
    )


def _returned(document: Document, captured: int, ours: Payment | None, held: Held) -> Difference | None:
    """What went back of a charge that alone brought one payment, where nothing else tells why it should differ."""
    if ours is None or ours.gross_minor != captured or ours.is_credited or document.get("disputed"):
        return None
    if document["id"] in held.explained:
        return None
    released = max(0, int(document.get("amount") or 0) - captured)
    theirs = min(captured, max(0, int(document.get("amount_refunded") or 0) - released))
    return _back(document, "charge", theirs, ours.returned_minor)


def _back(document: Document, what: str, theirs: int, ours: int) -> Difference | None:
    if theirs == ours:
        return None
    currency = document["currency"]
    return Difference("returned_differs", document["id"], currency, theirs, ours, what, currency)


def _missing(document: Document, what: str, theirs: int) -> Difference:
    currency = document["currency"]
    return Difference("missing_here", document["id"], currency, theirs, None, what, currency)


def missing_at_stripe(payment: Payment) -> Difference:
    """A payment of ours whose object Stripe does not have."""
    kind, _, object_id = payment.key.partition(":")
    ours, what = payment.gross_minor, KEY_KINDS[kind]
    return Difference("missing_at_stripe", object_id, payment.currency, None, ours, what, payment.currency)


def _collected(document: Document) -> int:
    """What an invoice collected through Stripe, minor units; its payments must have been asked for with it."""
    payments = (document.get("payments") or {}).get("data") or ()
    read = [invoices.payment_paid(one).objects[0].facts for one in payments if one.get("status") == "paid"]
    outside = sum(int(one["amount_paid"] or 0) for one in read if one["is_outside"])
    return max(0, min(int(document["amount_paid"]) - outside, int(document["total"])))


def _given_back(status: object, amount: int) -> int:
    return 0 if status in RETURNED_NOTHING else int(amount)


def _is_out(facts: Mapping[str, Any]) -> bool:
    return returns.is_money_out(KnownObject(Kind.DISPUTE, "", "", "", "", facts, None))


def _identity(value: object) -> str:
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else ""
