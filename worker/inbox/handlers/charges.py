"""Charges and PaymentIntents, two Stripe objects of the same money; the second copies its metadata to the first."""

import re
from dataclasses import replace
from typing import Any, Final

from app.payments.facts import CAPTURED_AT, Kind, ObjectFacts, Reading
from worker.inbox.handlers import refunds
from worker.inbox.handlers.fields import (
    Document,
    amount,
    at,
    currency,
    documents_in,
    identity,
    names_in,
    optional_amount,
    own_id,
    payer_emails,
    presentment,
)

_NOT_TAKEN = ("failed", "pending")
_OF_AN_INVOICE = re.compile(r"Subscription (creation|update)|Payment for [Ii]nvoice\b.*")
"""Descriptions by Stripe of a charge or PaymentIntent that pays an invoice; used only to decide what to wait for."""
_INVOICE_ID: Final = re.compile(r"in[0-9]*_(?=[a-z]*[0-9A-Z])[A-Za-z0-9]{8,}")
"""An invoice's id, but not `in_progress` or `in_store_7`."""


def charge_succeeded(charge: Document) -> Reading:
    """`charge.succeeded`: a charge, captured or only authorized."""
    charge_id, is_captured = own_id(charge), _is_captured(charge)
    facts = {
        "currency": currency(charge),
        "captured": is_captured,
        "amount_captured": _captured_amount(charge) if is_captured else None,
        "presentment": presentment(charge),
    }
    return replace(
        _linked(charge, facts),
        names=names_in(charge.get("metadata"), charge_id, "charge_metadata", "data.object.metadata"),
        states_amount=is_captured,
        is_captured=is_captured,
    )


def captured(charge: Document) -> Reading:
    """`charge.captured`: an authorized amount is captured at the event's time."""
    return _at_capture(charge_succeeded(charge), own_id(charge))


def refunded(charge: Document) -> Reading:
    """`charge.refunded`: how much of the charge was returned in all.

    Before 2022-11-15 it lists the refunds themselves.
    """
    return replace(charge_succeeded(charge), states_amount=False, is_return=True)


def updated(charge: Document) -> Reading:
    """`charge.updated`: its PaymentIntent and invoice, and what was returned.

    Alone it is no payment and has no names.
    """
    return _linked(charge, {})


def _linked(charge: Document, facts: dict[str, Any]) -> Reading:
    """A charge with `facts`, the objects and names it has, and the refunds it lists."""
    charge_id, customer = own_id(charge), identity(charge.get("customer"))
    payment_intent, invoice = identity(charge.get("payment_intent")), identity(charge.get("invoice"))
    facts = facts | {
        "amount_refunded": optional_amount(charge, "amount_refunded"),
        "amount_released": _released(charge, "amount_captured") if _is_captured(charge) else None,
        "created": charge.get("created"),
        "payment_intent": payment_intent or None,
        "invoice": invoice or None,
        "described_as_invoice": _is_described_as_invoice(charge),
    }
    # Before 2014 refunds had no ids; then the charge's own sum has the returned amount.
    listed = [refunds.changed(refund) for refund in documents_in(at(charge, "refunds", "data")) if identity(refund)]
    return Reading(
        objects=(
            ObjectFacts(Kind.CHARGE, charge_id, facts, customer, emails=payer_emails(charge)),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
            *(mentioned for reading in listed for mentioned in reading.objects),
        ),
        links=(
            (payment_intent, charge_id),
            (invoice, charge_id),
            *(pair for reading in listed for pair in reading.links),
        ),
    )


def intent_captured(intent: Document) -> Reading:
    """`payment_intent.succeeded`: its money is captured at the event's time."""
    return _at_capture(intent_succeeded(intent), own_id(intent))


def intent_succeeded(intent: Document) -> Reading:
    """A PaymentIntent in its present state, without the time of the capture."""
    intent_id = own_id(intent)
    customer, charge = identity(intent.get("customer")), _latest_charge(intent)
    invoice, received = identity(intent.get("invoice")), _received(intent)
    ordered = _ordered_invoice(intent)
    has_arrived = received > 0 or intent.get("status") in ("succeeded", None)
    facts = {
        "currency": currency(intent),
        "amount_received": received if has_arrived else None,
        "amount_released": _released(intent, "amount_received") if has_arrived else None,
        "tax": optional_amount(at(intent, "amount_details", "tax") or {}, "total_tax_amount"),
        "created": intent.get("created"),
        "presentment": presentment(intent),
        "latest_charge": charge or None,
        "invoice": invoice or None,
        "described_as_invoice": True if ordered else _is_described_as_invoice(intent),
        "ordered_invoice": ordered or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.PAYMENT_INTENT, intent_id, facts, customer, emails=payer_emails(intent)),
            ObjectFacts(Kind.CHARGE, charge, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer),
            ObjectFacts(Kind.INVOICE, ordered),
            ObjectFacts(Kind.CUSTOMER, customer),
        ),
        links=((intent_id, charge), (invoice, intent_id), (ordered, intent_id)),
        names=names_in(intent.get("metadata"), intent_id, "charge_metadata", "data.object.metadata"),
        states_amount=has_arrived,
        is_captured=has_arrived,
    )


def _received(intent: Document) -> int:
    """The amount received, minor units; the whole amount if it succeeded and has no such field."""
    received = optional_amount(intent, "amount_received")
    if received is not None or intent.get("status") != "succeeded":
        return amount(intent, "amount_received")
    return amount(intent, "amount")


def _ordered_invoice(intent: Document) -> str:
    """The invoice that Stripe writes into the order reference of a PaymentIntent; a merchant may write anything there.

    Seen in PaymentIntents recorded since 2025-10-29; Stripe's reference only says that the field identifies the order.
    """
    reference = identity(at(intent, "payment_details", "order_reference"))
    return reference if _INVOICE_ID.fullmatch(reference) else ""


def _latest_charge(intent: Document) -> str:
    """The successful charge. Before 2022-11-15 declined charges are listed beside it."""
    taken = [charge for charge in documents_in(at(intent, "charges", "data")) if charge.get("status") not in _NOT_TAKEN]
    return identity(intent.get("latest_charge")) or next(filter(None, map(identity, taken)), "")


def _is_described_as_invoice(document: Document) -> bool | None:
    """True if the charge is described as paying an invoice, even if it names none; else None, which is no fact."""
    description = document.get("description")
    return True if isinstance(description, str) and _OF_AN_INVOICE.fullmatch(description) else None


def _captured_amount(charge: Document) -> int:
    captured = optional_amount(charge, "amount_captured")
    return amount(charge, "amount") if captured is None else captured


def _is_captured(charge: Document) -> bool:
    return charge.get("captured") is not False and charge.get("status") not in _NOT_TAKEN


def _at_capture(reading: Reading, object_id: str) -> Reading:
    """`reading` with the fact that this object was captured at the time of the event."""
    if not reading.is_captured:
        return reading
    objects = (
        replace(mentioned, time_facts=(CAPTURED_AT,)) if mentioned.id == object_id else mentioned
        for mentioned in reading.objects
    )
    return replace(reading, objects=tuple(objects))


def _released(document: Document, taken: str) -> int | None:
    """What was authorized but not captured, by the field `taken`. Stripe releases it, and counts it as refunded.

    Source: Stripe API reference, "Capture a PaymentIntent", `amount_to_capture`.
    """
    authorized, taken_minor = optional_amount(document, "amount"), optional_amount(document, taken)
    return None if authorized is None or taken_minor is None else max(0, authorized - taken_minor)
