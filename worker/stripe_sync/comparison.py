"""Compares Stripe's documents with our payments, refunds and disputes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.immutable import immutable
from app.payments.facts import RETURNED_NOTHING, Kind
from app.payments.our_records import OurRecords, Payment
from app.payments.state import returns
from app.payments.state.payment_group import KnownObject
from worker.inbox.handlers import disputes, invoices
from worker.inbox.handlers.fields import identity

Document = Mapping[str, Any]
KEY_KINDS: Final = {"invoice": Kind.INVOICE, "pi": Kind.PAYMENT_INTENT, "ch": Kind.CHARGE}
"""The kind of a payment's object, by the prefix of the payment's key."""


@immutable
class Difference:
    """A difference between Stripe and us; amounts in minor units, None if that side has nothing.

    Attributes:
        currency: of `stripe_minor`.
        object_kind: the kind of Stripe's object, `invoice`.
        our_currency: of `our_minor`.
    """

    kind: str
    stripe_id: str
    currency: str
    stripe_minor: int | None
    our_minor: int | None
    object_kind: str
    our_currency: str


def invoice(document: Document, records: OurRecords) -> Difference | None:
    """The difference between a paid invoice and its payment; None if there is none."""
    collected = _collected(document)
    ours = records.payments.get(f"invoice:{document['id']}")
    if ours is None and collected == 0:
        return None
    return _amount(document, "invoice", collected, ours)


def charge(document: Document, records: OurRecords) -> Difference | None:
    """The difference between a captured charge and its payment; for an invoice's charge only returns are compared."""
    if document.get("status") != "succeeded" or document.get("captured") is False:
        return None
    charge_id, intent = document["id"], identity(document.get("payment_intent"))
    captured = int(document.get("amount_captured") or 0)
    ours = records.payments.get(f"pi:{intent}") or records.payments.get(f"ch:{charge_id}")
    if ours is None and {charge_id, intent} & records.invoiced:
        return _returned(document, captured, records.payments.get(charge_id), records)
    if ours is None and (records.facts.get(charge_id) or records.facts.get(intent)):
        return _returned(document, captured, records.payments.get(charge_id), records)
    return _amount(document, "charge", captured, ours) or _returned(document, captured, ours, records)


def intent(document: Document, records: OurRecords) -> Difference | None:
    """The difference between a PaymentIntent and its payment; None if there is none."""
    return _amount(
        document, Kind.PAYMENT_INTENT, int(document["amount_received"]), records.payments.get(f"pi:{document['id']}")
    )


def refund(document: Document, records: OurRecords) -> Difference | None:
    """The difference between a refund and our facts of it; a failed refund counts as 0. None if there is none."""
    facts = records.facts.get(document["id"])
    theirs = _refunded(document.get("status"), document["amount"])
    if not facts:
        return None if theirs == 0 else _missing(document, "refund", theirs)
    return _return_difference(document, "refund", theirs, _refunded(facts.get("status"), facts["amount"]))


def dispute(document: Document, records: OurRecords) -> Difference | None:
    """The difference between a dispute and our facts of it: whether funds were withdrawn. None if there is none."""
    facts = records.facts.get(document["id"])
    if not facts:
        return _missing(document, "dispute", document["amount"])
    stripe_facts = disputes.changed(document).objects[0].facts
    return _return_difference(document, "dispute", _withdrawn(stripe_facts), _withdrawn(facts))


COMPARED: Final = {
    "invoices": invoice,
    "charges": charge,
    "refunds": refund,
    "disputes": dispute,
}
"""The comparison for the documents of each list."""


def referenced_ids(documents: Sequence[Document]) -> list[str]:
    """The ids of these documents, and of the charges and PaymentIntents they refer to."""
    fields = ("id", "charge", "payment_intent")
    referenced = {identity(document.get(field)) for document in documents for field in fields}
    return sorted(referenced - {""})


def _amount(document: Document, what: str, theirs: int, ours: Payment | None) -> Difference | None:
    if ours is None:
        return None if theirs == 0 else _missing(document, what, theirs)
    if (ours.gross_minor, ours.currency) == (theirs, document["currency"]):
        return None
    return Difference(
        "amount_differs", document["id"], document["currency"], theirs, ours.gross_minor, what, ours.currency
    )


def _returned(document: Document, captured: int, ours: Payment | None, records: OurRecords) -> Difference | None:
    """The difference in returns of a charge that is the only charge of its payment.

    None if the amounts are equal, or if credits, a dispute or another difference explain them.
    """
    if ours is None or ours.gross_minor != captured or ours.is_credited or document.get("disputed"):
        return None
    if document["id"] in records.explained:
        return None
    released = max(0, int(document.get("amount") or 0) - captured)
    theirs = min(captured, max(0, int(document.get("amount_refunded") or 0) - released))
    return _return_difference(document, "charge", theirs, ours.returned_minor)


def _return_difference(document: Document, what: str, theirs: int, ours: int) -> Difference | None:
    if theirs == ours:
        return None
    currency = document["currency"]
    return Difference("returned_differs", document["id"], currency, theirs, ours, what, currency)


def _missing(document: Document, what: str, theirs: int) -> Difference:
    currency = document["currency"]
    return Difference("missing_here", document["id"], currency, theirs, None, what, currency)


def missing_at_stripe(payment: Payment) -> Difference:
    """The difference for a stored payment whose object does not exist at Stripe."""
    kind, _, object_id = payment.key.partition(":")
    ours, what = payment.gross_minor, KEY_KINDS[kind]
    return Difference("missing_at_stripe", object_id, payment.currency, None, ours, what, payment.currency)


def _collected(document: Document) -> int:
    """The minor units an invoice collected through Stripe; `document` must include its expanded payments."""
    payments = (document.get("payments") or {}).get("data") or ()
    paid = [invoices.payment_paid(payment).objects[0].facts for payment in payments if payment.get("status") == "paid"]
    outside = sum(int(facts["amount_paid"] or 0) for facts in paid if facts["is_outside"])
    return max(0, min(int(document["amount_paid"]) - outside, int(document["total"])))


def _refunded(status: object, amount: int) -> int:
    return 0 if status in RETURNED_NOTHING else int(amount)


def _withdrawn(facts: Mapping[str, Any]) -> int:
    is_withdrawn = returns.is_money_out(KnownObject(Kind.DISPUTE, "", "", "", "", facts, None))
    return int(facts["amount"]) if is_withdrawn else 0
