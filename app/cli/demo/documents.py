"""Documents of Stripe, as its events carry them: API version 2025-11-17 ("clover"), only the fields that Accrual reads.

Source: Stripe, "The Event object", "The Invoice object" and the pages of the other objects.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from app.immutable import immutable

API_VERSION: Final = "2025-11-17.clover"
MONTH: Final = timedelta(days=30)

Document = dict[str, Any]


@immutable
class Sale:
    """A month of a subscription, paid by its customer.

    Attributes:
        number: what the ids of its Stripe objects end in.
        code: the partner's code in the subscription's metadata; None: it names no partner.
        net_minor: without tax, which is added to it; minor units of `currency`.
        reason: why Stripe made the invoice: `subscription_create` or `subscription_cycle`.
    """

    number: str
    customer: str
    subscription: str
    email: str
    code: str | None
    net_minor: int
    tax_minor: int
    currency: str
    paid_at: datetime
    reason: str

    @property
    def gross_minor(self) -> int:
        """What the customer is charged."""
        return self.net_minor + self.tax_minor

    def id(self, prefix: str) -> str:
        """The id of one of its Stripe objects, `in` for its invoice."""
        return f"{prefix}_{self.number}"


def event(stripe_id: str, kind: str, document: Document, at: datetime) -> Document:
    """The test event `kind` about a document."""
    return {
        "id": stripe_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": seconds(at),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": {"object": document | {"livemode": False}},
    }


def seconds(at: datetime) -> int:
    """A time as Stripe writes it."""
    return int(at.timestamp())


def customer(paid: Sale) -> Document:
    """A customer who appears."""
    created = seconds(paid.paid_at)
    return {"id": paid.customer, "object": "customer", "created": created, "email": paid.email, "metadata": {}}


def subscription(paid: Sale) -> Document:
    """The subscription with the partner's code."""
    return {
        "id": paid.subscription,
        "object": "subscription",
        "created": seconds(paid.paid_at),
        "customer": paid.customer,
        "currency": paid.currency,
        "metadata": _metadata(paid),
        "status": "active",
    }


def charge(paid: Sale) -> Document:
    """The charge of a payment."""
    return {
        "id": paid.id("ch"),
        "object": "charge",
        "amount": paid.gross_minor,
        "amount_captured": paid.gross_minor,
        "amount_refunded": 0,
        "captured": True,
        "created": seconds(paid.paid_at),
        "currency": paid.currency,
        "customer": paid.customer,
        "metadata": {},
        "paid": True,
        "payment_intent": paid.id("pi"),
        "status": "succeeded",
    }


def payment_intent(paid: Sale) -> Document:
    """The PaymentIntent of a payment."""
    return {
        "id": paid.id("pi"),
        "object": "payment_intent",
        "amount": paid.gross_minor,
        "amount_received": paid.gross_minor,
        "created": seconds(paid.paid_at),
        "currency": paid.currency,
        "customer": paid.customer,
        "latest_charge": paid.id("ch"),
        "metadata": {},
        "status": "succeeded",
    }


def invoice(paid: Sale) -> Document:
    """The paid invoice."""
    snapshot = {"subscription": paid.subscription, "metadata": _metadata(paid)}
    return {
        "id": paid.id("in"),
        "object": "invoice",
        "amount_due": paid.gross_minor,
        "amount_paid": paid.gross_minor,
        "attempted": True,
        "billing_reason": paid.reason,
        "created": seconds(paid.paid_at),
        "currency": paid.currency,
        "customer": paid.customer,
        "customer_email": paid.email,
        "lines": {"object": "list", "has_more": False, "data": [_line(paid)]},
        "metadata": {},
        "parent": {"type": "subscription_details", "subscription_details": snapshot},
        "status": "paid",
        "status_transitions": {"paid_at": seconds(paid.paid_at)},
        "total": paid.gross_minor,
        "total_excluding_tax": paid.net_minor,
        "total_taxes": [{"amount": paid.tax_minor, "tax_behavior": "exclusive"}],
    }


def _line(paid: Sale) -> Document:
    details = {"subscription": paid.subscription, "proration": False}
    return {
        "id": paid.id("il"),
        "object": "line_item",
        "amount": paid.net_minor,
        "currency": paid.currency,
        "invoice": paid.id("in"),
        "parent": {"type": "subscription_item_details", "subscription_item_details": details},
        "period": {"start": seconds(paid.paid_at), "end": seconds(paid.paid_at + MONTH)},
    }


def invoice_payment(paid: Sale) -> Document:
    """What links the invoice to its PaymentIntent."""
    return {
        "id": paid.id("inpay"),
        "object": "invoice_payment",
        "amount_paid": paid.gross_minor,
        "amount_requested": paid.gross_minor,
        "created": seconds(paid.paid_at),
        "currency": paid.currency,
        "invoice": paid.id("in"),
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": paid.id("pi")},
        "status": "paid",
    }


def session(paid: Sale) -> Document:
    """The checkout in which the customer subscribed."""
    return {
        "id": paid.id("cs_test"),
        "object": "checkout.session",
        "amount_total": paid.gross_minor,
        "client_reference_id": None,
        "created": seconds(paid.paid_at),
        "currency": paid.currency,
        "customer": paid.customer,
        "invoice": paid.id("in"),
        "metadata": {},
        "mode": "subscription",
        "payment_intent": None,
        "payment_status": "paid",
        "status": "complete",
        "subscription": paid.subscription,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": paid.tax_minor},
    }


def refund(paid: Sale, amount_minor: int, at: datetime) -> Document:
    """A refund of a payment, or of a part of it."""
    return {
        "id": paid.id("re"),
        "object": "refund",
        "amount": amount_minor,
        "charge": paid.id("ch"),
        "created": seconds(at),
        "currency": paid.currency,
        "metadata": {},
        "payment_intent": paid.id("pi"),
        "reason": "requested_by_customer",
        "status": "succeeded",
    }


def dispute(paid: Sale, status: str, at: datetime) -> Document:
    """A dispute of a payment; the customer's bank has taken the money, and while it is `lost`, keeps it."""
    moved = {"id": paid.id("txn"), "object": "balance_transaction", "amount": -paid.gross_minor, "created": seconds(at)}
    return {
        "id": paid.id("du"),
        "object": "dispute",
        "amount": paid.gross_minor,
        "balance_transactions": [moved],
        "charge": paid.id("ch"),
        "created": seconds(at),
        "currency": paid.currency,
        "payment_intent": paid.id("pi"),
        "reason": "fraudulent",
        "status": status,
    }


def _metadata(paid: Sale) -> dict[str, str]:
    return {} if paid.code is None else {"affiliate_id": paid.code}
