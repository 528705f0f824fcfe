"""Charges and PaymentIntents: two faces of the same money, the second with its metadata copied to the first."""

from dataclasses import replace

from app.payments.facts import Kind, ObjectFacts, Reading
from worker.handlers.fields import (
    Document,
    amount,
    at,
    currency,
    identity,
    names_in,
    optional_amount,
    own_id,
)


def charge_succeeded(charge: Document) -> Reading:
    """`charge.succeeded`, `charge.captured`: money taken, or held while it is not yet captured."""
    charge_id = own_id(charge)
    is_captured = charge.get("captured") is not False
    customer, payment_intent = identity(charge.get("customer")), identity(charge.get("payment_intent"))
    invoice = identity(charge.get("invoice"))
    facts = {
        "currency": currency(charge),
        "captured": is_captured,
        "amount_captured": _captured_amount(charge) if is_captured else None,
        "amount_released": _released(charge, _captured_amount(charge)) if is_captured else None,
        "amount_refunded": optional_amount(charge, "amount_refunded"),
        "created": charge.get("created"),
        "payment_intent": payment_intent or None,
        "invoice": invoice or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.CHARGE, charge_id, facts, customer),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
        ),
        same_money=((payment_intent, charge_id), (invoice, charge_id)),
        names=names_in(charge.get("metadata"), charge_id, "charge_metadata", "data.object.metadata"),
        is_stating=is_captured,
        is_captured=is_captured,
    )


def refunded(charge: Document) -> Reading:
    """`charge.refunded`: how much of the charge went back in all, believed while no refund of it is known by id."""
    reading = charge_succeeded(charge)
    return replace(reading, is_stating=False, is_return=True)


def intent_succeeded(intent: Document) -> Reading:
    """`payment_intent.succeeded`."""
    intent_id = own_id(intent)
    customer, charge = identity(intent.get("customer")), identity(intent.get("latest_charge"))
    invoice = identity(intent.get("invoice"))
    facts = {
        "currency": currency(intent),
        "amount_received": amount(intent, "amount_received"),
        "amount_released": _released(intent, amount(intent, "amount_received")),
        "tax": optional_amount(at(intent, "amount_details", "tax") or {}, "total_tax_amount"),
        "created": intent.get("created"),
        "latest_charge": charge or None,
        "invoice": invoice or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.PAYMENT_INTENT, intent_id, facts, customer),
            ObjectFacts(Kind.CHARGE, charge, customer=customer),
            ObjectFacts(Kind.INVOICE, invoice, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
        ),
        same_money=((intent_id, charge), (invoice, intent_id)),
        names=names_in(intent.get("metadata"), intent_id, "charge_metadata", "data.object.metadata"),
        is_stating=True,
    )


def _captured_amount(charge: Document) -> int:
    captured = optional_amount(charge, "amount_captured")
    return amount(charge, "amount") if captured is None else captured


def _released(document: Document, taken_minor: int) -> int:
    """What was authorized but not taken. Stripe refunds it, and counts it as refunded.

    Source: Stripe API reference, "Capture a PaymentIntent", `amount_to_capture`.
    """
    return max(0, (optional_amount(document, "amount") or 0) - taken_minor)
