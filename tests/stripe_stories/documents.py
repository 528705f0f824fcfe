"""Stripe's objects but the invoice: customers, subscriptions, sessions, PaymentIntents, charges, refunds, envelopes."""

from typing import Any

from .aged import aged
from .facts import Bill, Purchase, metadata
from .families import Family

Document = dict[str, Any]

PRICE = "price_1Pro00000000"
PRODUCT = "prod_Pro0000000"


def event(
    family: Family, event_id: str, event_type: str, document: Document, *, created: int, livemode: bool
) -> Document:
    """The envelope around `document`, as it stood at `created`."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": family.api_version,
        "created": created,
        "data": {"object": aged(document) if family.lists_charges else document},
        "livemode": livemode,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }


def customer(customer_id: str, created: int, marks: dict[str, str], *, livemode: bool) -> Document:
    return {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": f"{customer_id.lower()}@example.com",
        "invoice_prefix": "C1E0",
        "livemode": livemode,
        "metadata": marks,
        "name": "Cleo",
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def subscription(family: Family, sale: Purchase, period_end: int, *, livemode: bool) -> Document:
    period = {"current_period_start": sale.paid_at, "current_period_end": period_end}
    item = {
        "id": f"si_{sale.subscription}",
        "object": "subscription_item",
        "metadata": {},
        "price": price(sale.bill),
        "quantity": 1,
        "subscription": sale.subscription,
    } | ({} if family.names_links else period)
    return {
        "id": sale.subscription,
        "object": "subscription",
        "billing_cycle_anchor": sale.paid_at,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "created": sale.paid_at,
        "currency": sale.bill.currency,
        "customer": sale.customer,
        "discounts": [],
        "ended_at": None,
        "items": {"object": "list", "data": [item], "has_more": False, "total_count": 1},
        "latest_invoice": sale.invoice,
        "livemode": livemode,
        "metadata": metadata(sale.marks.subscription),
        "start_date": sale.paid_at,
        "status": "active",
        "test_clock": None,
        "trial_end": None,
    } | (period if family.names_links else {})


def price(bill: Bill) -> Document:
    return {
        "id": PRICE,
        "object": "price",
        "active": True,
        "currency": bill.currency,
        "product": PRODUCT,
        "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
        "type": "recurring",
        "unit_amount": bill.net_minor + bill.discount_minor,
    }


def checkout_session(sale: Purchase, created: int, *, mode: str, livemode: bool, status: str = "paid") -> Document:
    """The session once completed; `status` is its `payment_status`."""
    bill = sale.bill
    return {
        "id": sale.session,
        "object": "checkout.session",
        "amount_subtotal": bill.net_minor + bill.discount_minor,
        "amount_total": bill.total_minor,
        "client_reference_id": sale.marks.client_reference,
        "created": created,
        "currency": bill.currency,
        "customer": sale.customer,
        "customer_creation": "always" if mode == "payment" else None,
        "customer_details": {"address": None, "email": f"{sale.customer.lower()}@example.com", "name": "Cleo"},
        "customer_email": None,
        "discounts": [],
        "expires_at": created + 86_400,
        "invoice": sale.invoice,
        "invoice_creation": {"enabled": sale.invoice is not None} if mode == "payment" else None,
        "livemode": livemode,
        "metadata": metadata(sale.marks.session),
        "mode": mode,
        "payment_intent": sale.payment_intent if mode == "payment" else None,
        "payment_link": None,
        "payment_method_types": ["card"],
        "payment_status": status,
        "status": "complete",
        "subscription": sale.subscription,
        "success_url": "https://shop.example/thanks",
        "total_details": {
            "amount_discount": bill.discount_minor,
            "amount_shipping": 0,
            "amount_tax": bill.tax_minor,
        },
        "ui_mode": "hosted",
    }


def payment_intent(family: Family, sale: Purchase, *, livemode: bool) -> Document:
    bill = sale.bill
    return {
        "id": sale.payment_intent,
        "object": "payment_intent",
        "amount": bill.charged_minor,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": bill.charged_minor,
        "application_fee_amount": None,
        "canceled_at": None,
        "capture_method": "automatic",
        "created": sale.paid_at,
        "currency": bill.currency,
        "customer": sale.customer,
        "description": None,
        "latest_charge": sale.charge,
        "livemode": livemode,
        "metadata": metadata(sale.marks.payment),
        "payment_method_types": ["card"],
        "receipt_email": None,
        "status": "succeeded",
        "transfer_group": None,
    } | _order(family, sale)


def _order(family: Family, sale: Purchase) -> Document:
    """Which invoice a PaymentIntent is for, where it says so."""
    if family.names_links:
        return {"invoice": sale.invoice}
    if family.names_orders:
        return {"payment_details": {"customer_reference": None, "order_reference": sale.invoice}}
    return {}


def charge(
    family: Family, sale: Purchase, *, livemode: bool, refunded_minor: int = 0, captured: bool = True
) -> Document:
    bill = sale.bill
    return {
        "id": sale.charge,
        "object": "charge",
        "amount": bill.charged_minor,
        "amount_captured": bill.charged_minor if captured else 0,
        "amount_refunded": refunded_minor,
        "application_fee_amount": None,
        "balance_transaction": f"txn_{sale.charge}" if captured else None,
        "billing_details": {"address": None, "email": None, "name": "Cleo", "phone": None},
        "captured": captured,
        "created": sale.paid_at,
        "currency": bill.currency,
        "customer": sale.customer,
        "description": None,
        "disputed": False,
        "livemode": livemode,
        "metadata": metadata(sale.marks.payment),
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_intent": sale.payment_intent,
        "payment_method_details": {"card": {"brand": "visa", "last4": "4242"}, "type": "card"},
        "refunded": refunded_minor == bill.charged_minor,
        "status": "succeeded",
        "transfer_group": None,
    } | ({"invoice": sale.invoice} if family.names_links else {})


def refund(sale: Purchase, refund_id: str, amount_minor: int, status: str, created: int) -> Document:
    """A refund; whether it is live or test stands in its event alone."""
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount_minor,
        "balance_transaction": f"txn_{refund_id}",
        "charge": sale.charge,
        "created": created,
        "currency": sale.bill.currency,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": sale.payment_intent,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "status": status,
    } | ({"failure_reason": "expired_or_canceled_card"} if status == "failed" else {})
