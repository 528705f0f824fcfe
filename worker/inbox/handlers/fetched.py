"""Fetched documents, read by the object's present state, because there is no event that says what happened."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app.payments.facts import Reading, moment
from app.stripe_sync.fetched import TYPE_PREFIX
from worker.inbox.handlers import (
    charges,
    checkout,
    credit_notes,
    customers,
    disputes,
    invoice_lines,
    invoices,
    promotions,
    refunds,
)
from worker.inbox.handlers.fields import Document, at

NOTHING_YET: Final = Reading()
"""The facts of an object that brought no money: without links, because a failed attempt may have some."""


def evident_at(event: Mapping[str, Any]) -> datetime | None:
    """The time from which names in a fetched document count: when it was paid or made. None for Stripe's events."""
    if not str(event.get("type", "")).startswith(TYPE_PREFIX):
        return None
    document = at(event, "data", "object")
    seconds = at(document, "status_transitions", "paid_at") or at(document, "created")
    return moment(seconds)


def _invoice(invoice: Document) -> Reading:
    """A paid invoice as `invoice.paid`; of any other only its customer, its subscription and its names."""
    reading = invoices.paid(invoice)
    if invoice.get("status") == "paid":
        return reading
    return replace(reading, objects=tuple(replace(stated, facts={}) for stated in reading.objects), states_amount=False)


def _charge(charge: Document) -> Reading:
    return charges.charge_succeeded(charge) if charge.get("status") == "succeeded" else NOTHING_YET


def _payment_intent(intent: Document) -> Reading:
    return charges.intent_succeeded(intent) if intent.get("status") == "succeeded" else NOTHING_YET


def _session(session: Document) -> Reading:
    return checkout.completed(session) if session.get("status") == "complete" else NOTHING_YET


def _invoice_payment(invoice_payment: Document) -> Reading:
    return invoices.payment_paid(invoice_payment) if invoice_payment.get("status") == "paid" else NOTHING_YET


HANDLERS: Final[dict[str, Callable[[Document], Reading]]] = {
    f"{TYPE_PREFIX}{kind}": handler
    for kind, handler in {
        "checkout.session": _session,
        "invoice": _invoice,
        "invoice_lines": invoice_lines.fetched,
        "invoice_payment": _invoice_payment,
        "charge": _charge,
        "payment_intent": _payment_intent,
        "refund": refunds.changed,
        "dispute": disputes.changed,
        "radar.early_fraud_warning": disputes.warned,
        "credit_note": credit_notes.changed,
        "customer": customers.customer_changed,
        "subscription": customers.subscription_changed,
        "promotion_code": promotions.code_changed,
    }.items()
}
