"""A referred customer's story, as the events Stripe would send: bought, paid, renewed twice, half of a month refunded.

The documents have the shape of API version 2025-11-17 ("clover"), reduced to the fields that Accrual reads. 49.00 a
month and 20 % VAT on top: 58.80 is collected, 49.00 is what a commission is computed from.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

API_VERSION: Final = "2025-11-17.clover"
NET_MINOR: Final = 4900
TAX_MINOR: Final = 980
GROSS_MINOR: Final = NET_MINOR + TAX_MINOR
REFUND_MINOR: Final = GROSS_MINOR // 2
MONTH: Final = timedelta(days=30)

Document = dict[str, Any]


class Story:
    """A customer who came through a partner's link, and all her events.

    Args:
        code: the partner's code, which the shop wrote into the subscription's metadata.
        began_at: the time of her first purchase.
    """

    def __init__(self, code: str, began_at: datetime) -> None:
        self._code = code
        self._now = began_at
        self._customer, self._subscription = _id("cus"), _id("sub")

    def events(self) -> Iterator[tuple[str, Document]]:
        """What happens, in words, each with its event, in the order in which Stripe usually sends them."""
        yield "Cleo signs up", self._event("customer.created", self._customer_document())
        yield "Cleo subscribes", self._event("customer.subscription.created", self._subscription_document())
        first = self._pay()
        yield "her card is charged", self._event("charge.succeeded", self._charge(first))
        yield "the payment succeeds", self._event("payment_intent.succeeded", self._payment_intent(first))
        yield "her first invoice is paid", self._event("invoice.paid", self._invoice(first, "subscription_create"))
        yield "the payment is linked to it", self._event("invoice_payment.paid", self._invoice_payment(first))
        yield "checkout is complete", self._event("checkout.session.completed", self._session(first))
        yield from self._renewal(self._pay(), "her first renewal is paid")
        second = self._pay()
        yield from self._renewal(second, "her second renewal is paid")
        self._now += timedelta(days=2)
        yield "half of that month is refunded", self._event("refund.created", self._refund(second))

    def _renewal(self, paid: dict[str, str], words: str) -> Iterator[tuple[str, Document]]:
        self._now += MONTH
        yield words, self._event("invoice.paid", self._invoice(paid, "subscription_cycle"))
        yield "its payment is linked to it", self._event("invoice_payment.paid", self._invoice_payment(paid))

    def _pay(self) -> dict[str, str]:
        """New ids for the payment of one month."""
        return {"invoice": _id("in"), "payment_intent": _id("pi"), "charge": _id("ch")}

    def _event(self, kind: str, document: Document) -> Document:
        self._now += timedelta(seconds=2)
        return {
            "id": _id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self._seconds(),
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
            "data": {"object": document | {"livemode": False}},
        }

    def _seconds(self) -> int:
        return int(self._now.timestamp())

    def _customer_document(self) -> Document:
        return {"id": self._customer, "object": "customer", "created": self._seconds(), "metadata": {}}

    def _subscription_document(self) -> Document:
        return {
            "id": self._subscription,
            "object": "subscription",
            "created": self._seconds(),
            "customer": self._customer,
            "currency": "usd",
            "metadata": {"affiliate_id": self._code},
            "status": "active",
        }

    def _charge(self, paid: dict[str, str]) -> Document:
        return {
            "id": paid["charge"],
            "object": "charge",
            "amount": GROSS_MINOR,
            "amount_captured": GROSS_MINOR,
            "amount_refunded": 0,
            "captured": True,
            "created": self._seconds(),
            "currency": "usd",
            "customer": self._customer,
            "metadata": {},
            "paid": True,
            "payment_intent": paid["payment_intent"],
            "status": "succeeded",
        }

    def _payment_intent(self, paid: dict[str, str]) -> Document:
        return {
            "id": paid["payment_intent"],
            "object": "payment_intent",
            "amount": GROSS_MINOR,
            "amount_received": GROSS_MINOR,
            "created": self._seconds(),
            "currency": "usd",
            "customer": self._customer,
            "latest_charge": paid["charge"],
            "metadata": {},
            "status": "succeeded",
        }

    def _invoice(self, paid: dict[str, str], reason: str) -> Document:
        snapshot = {"subscription": self._subscription, "metadata": {"affiliate_id": self._code}}
        return {
            "id": paid["invoice"],
            "object": "invoice",
            "amount_due": GROSS_MINOR,
            "amount_paid": GROSS_MINOR,
            "attempted": True,
            "billing_reason": reason,
            "created": self._seconds(),
            "currency": "usd",
            "customer": self._customer,
            "lines": {"object": "list", "has_more": False, "data": [self._line(paid)]},
            "metadata": {},
            "parent": {"type": "subscription_details", "subscription_details": snapshot},
            "status": "paid",
            "status_transitions": {"paid_at": self._seconds()},
            "total": GROSS_MINOR,
            "total_excluding_tax": NET_MINOR,
            "total_taxes": [{"amount": TAX_MINOR, "tax_behavior": "exclusive"}],
        }

    def _line(self, paid: dict[str, str]) -> Document:
        details = {"subscription": self._subscription, "proration": False}
        return {
            "id": _id("il"),
            "object": "line_item",
            "amount": NET_MINOR,
            "currency": "usd",
            "invoice": paid["invoice"],
            "parent": {"type": "subscription_item_details", "subscription_item_details": details},
            "period": {"start": self._seconds(), "end": int((self._now + MONTH).timestamp())},
        }

    def _invoice_payment(self, paid: dict[str, str]) -> Document:
        return {
            "id": _id("inpay"),
            "object": "invoice_payment",
            "amount_paid": GROSS_MINOR,
            "amount_requested": GROSS_MINOR,
            "created": self._seconds(),
            "currency": "usd",
            "invoice": paid["invoice"],
            "is_default": True,
            "payment": {"type": "payment_intent", "payment_intent": paid["payment_intent"]},
            "status": "paid",
        }

    def _session(self, paid: dict[str, str]) -> Document:
        return {
            "id": _id("cs_test"),
            "object": "checkout.session",
            "amount_total": GROSS_MINOR,
            "client_reference_id": None,
            "created": self._seconds(),
            "currency": "usd",
            "customer": self._customer,
            "invoice": paid["invoice"],
            "metadata": {},
            "mode": "subscription",
            "payment_intent": None,
            "payment_status": "paid",
            "status": "complete",
            "subscription": self._subscription,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": TAX_MINOR},
        }

    def _refund(self, paid: dict[str, str]) -> Document:
        return {
            "id": _id("re"),
            "object": "refund",
            "amount": REFUND_MINOR,
            "charge": paid["charge"],
            "created": self._seconds(),
            "currency": "usd",
            "metadata": {},
            "payment_intent": paid["payment_intent"],
            "reason": "requested_by_customer",
            "status": "succeeded",
        }


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
