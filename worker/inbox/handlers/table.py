"""The handler of each event type."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from app.errors import UnusableEvent
from app.payments.facts import Reading
from worker.inbox.handlers import (
    charges,
    checkout,
    credit_notes,
    customers,
    disputes,
    fetched,
    invoices,
    promotions,
    refunds,
)
from worker.inbox.handlers.fields import at

Handler = Callable[[Mapping[str, Any]], Reading]

HANDLERS: Final[dict[str, Handler]] = {
    "checkout.session.completed": checkout.completed,
    "checkout.session.async_payment_succeeded": checkout.completed,
    "checkout.session.async_payment_failed": checkout.abandoned,
    "checkout.session.expired": checkout.abandoned,
    "invoice.paid": invoices.paid,
    "invoice.payment_succeeded": invoices.paid,
    "invoice.overpaid": invoices.paid,
    "invoice.voided": invoices.written_off,
    "invoice.marked_uncollectible": invoices.written_off,
    "invoice_payment.paid": invoices.payment_paid,
    "charge.succeeded": charges.charge_succeeded,
    "charge.captured": charges.captured,
    "charge.refunded": charges.refunded,
    "charge.updated": charges.updated,
    "payment_intent.succeeded": charges.intent_captured,
    "refund.created": refunds.changed,
    "refund.updated": refunds.changed,
    "refund.failed": refunds.failed,
    "charge.refund.updated": refunds.changed,
    "charge.dispute.created": disputes.changed,
    "charge.dispute.updated": disputes.changed,
    "charge.dispute.funds_withdrawn": disputes.changed,
    "charge.dispute.funds_reinstated": disputes.changed,
    "charge.dispute.closed": disputes.changed,
    "radar.early_fraud_warning.created": disputes.warned,
    "radar.early_fraud_warning.updated": disputes.warned,
    "credit_note.created": credit_notes.changed,
    "credit_note.updated": credit_notes.changed,
    "credit_note.voided": credit_notes.voided,
    "customer.created": customers.customer_changed,
    "customer.updated": customers.customer_changed,
    "customer.subscription.created": customers.subscription_changed,
    "customer.subscription.updated": customers.subscription_changed,
    "customer.subscription.deleted": customers.subscription_changed,
    "promotion_code.created": promotions.code_changed,
    "promotion_code.updated": promotions.code_changed,
    "coupon.created": promotions.coupon_changed,
    "coupon.updated": promotions.coupon_changed,
    "customer.discount.created": promotions.discount_changed,
    "customer.discount.updated": promotions.discount_changed,
}


def is_thin(event: Mapping[str, Any]) -> bool:
    """Whether it is a thin event, which only names an object."""
    return event.get("object") == "v2.core.event"


def is_read(thin_type: str) -> bool:
    """Whether thin events of this type are read: `v1.invoice.paid` is `invoice.paid` without its data."""
    return thin_type.removeprefix("v1.") in HANDLERS


def read(event: Mapping[str, Any]) -> Reading:
    """The facts of `event` that commissions depend on.

    Raises:
        UnusableEvent: its document lacks something that every version has.
    """
    handler = HANDLERS.get(event["type"]) or fetched.HANDLERS.get(event["type"])
    if handler is None:
        return Reading(is_ignored=True)
    document = at(event, "data", "object")
    if not isinstance(document, Mapping):
        raise UnusableEvent("no_object")
    reading = handler(document)
    _demand_storable(reading)
    return reading


def _demand_storable(reading: Reading) -> None:
    """Refuse values that cannot be stored: half surrogate pairs, NUL, numbers beyond 64 bits.

    Refused here, only this event fails; refused by the database, the whole batch would fail.
    """
    try:
        is_storable = b"\\u0000" not in orjson.dumps(reading)
    except orjson.JSONEncodeError:
        is_storable = False
    if not is_storable:
        raise UnusableEvent("unstorable_value")
