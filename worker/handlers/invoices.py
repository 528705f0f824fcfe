"""Invoices and the InvoicePayments that link them to PaymentIntents and charges."""

from typing import Any

from app.payments.facts import Kind, ObjectFacts, Reading
from worker.handlers import promotions
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


def paid(invoice: Document) -> Reading:
    """`invoice.paid`, `invoice.payment_succeeded`: money that settles an invoice."""
    invoice_id = own_id(invoice)
    subscription, subscription_metadata, metadata_path = _subscription(invoice)
    customer = identity(invoice.get("customer"))
    payment_intent, charge = identity(invoice.get("payment_intent")), identity(invoice.get("charge"))
    discounts, discount_names = promotions.used_on(invoice, invoice_id)
    facts = {
        "currency": currency(invoice),
        "total": amount(invoice, "total", may_be_negative=True),
        "tax": _tax(invoice),
        "net_total": optional_amount(invoice, "total_excluding_tax", may_be_negative=True),
        "amount_paid": amount(invoice, "amount_paid"),
        "off_stripe": optional_amount(invoice, "amount_paid_off_stripe"),
        "paid_out_of_band": invoice.get("paid_out_of_band"),
        "attempted": invoice.get("attempted"),
        "paid_at": at(invoice, "status_transitions", "paid_at"),
        "cycle_end": _cycle_end(invoice),
        "payment_intent": payment_intent or None,
        "charge": charge or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.INVOICE, invoice_id, facts, customer, subscription),
            ObjectFacts(Kind.SUBSCRIPTION, subscription, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent, customer=customer),
            ObjectFacts(Kind.CHARGE, charge, customer=customer),
            *discounts,
        ),
        same_money=((invoice_id, payment_intent), (invoice_id, charge)),
        names=(
            *names_in(invoice.get("metadata"), invoice_id, "invoice_metadata", "data.object.metadata"),
            *names_in(subscription_metadata, subscription, "subscription_metadata", metadata_path),
            *discount_names,
        ),
        is_stating=True,
    )


def payment_paid(invoice_payment: Document) -> Reading:
    """`invoice_payment.paid`: the only document since basil that names an invoice and its PaymentIntent together."""
    own, invoice = own_id(invoice_payment), identity(invoice_payment.get("invoice"))
    payment_intent = identity(at(invoice_payment, "payment", "payment_intent"))
    charge = identity(at(invoice_payment, "payment", "charge"))
    facts = {
        "invoice": invoice,
        "payment_intent": payment_intent or None,
        "charge": charge or None,
        "amount_paid": optional_amount(invoice_payment, "amount_paid"),
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.INVOICE_PAYMENT, own, facts),
            ObjectFacts(Kind.INVOICE, invoice),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent),
            ObjectFacts(Kind.CHARGE, charge),
        ),
        same_money=((own, invoice), (invoice, payment_intent), (invoice, charge)),
    )


def _subscription(invoice: Document) -> tuple[str, Any, str]:
    """The invoice's subscription, that subscription's metadata as frozen on it, and where the metadata stands."""
    details = at(invoice, "parent", "subscription_details")
    if isinstance(details, dict):
        path = "data.object.parent.subscription_details.metadata"
        return identity(details.get("subscription")), details.get("metadata"), path
    path = "data.object.subscription_details.metadata"
    return identity(invoice.get("subscription")), at(invoice, "subscription_details", "metadata"), path


def _tax(invoice: Document) -> int:
    """All tax on the invoice, minor units, whether on top of the prices or inside them."""
    for name in ("total_taxes", "total_tax_amounts"):
        taxes = invoice.get(name)
        if isinstance(taxes, list):
            return sum(amount(tax, "amount", may_be_negative=True) for tax in taxes)
    return optional_amount(invoice, "tax", may_be_negative=True) or 0


def _cycle_end(invoice: Document) -> int | None:
    """The latest period end among the invoice's subscription lines: which billing cycle it is.

    The invoice's own `period_end` is the previous cycle's.
    """
    lines = at(invoice, "lines", "data")
    ends = [
        at(line, "period", "end")
        for line in (lines if isinstance(lines, list) else ())
        if at(line, "type") == "subscription"
        or identity(at(line, "subscription"))
        or at(line, "parent", "type") == "subscription_item_details"
        or at(line, "parent", "invoice_item_details", "subscription")
    ]
    return max((end for end in ends if isinstance(end, int)), default=None)
