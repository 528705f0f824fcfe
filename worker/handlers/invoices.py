"""Invoices and the InvoicePayments that link them to PaymentIntents and charges."""

from typing import Any

from app.payments.facts import Kind, ObjectFacts, Reading
from worker.handlers import lines, promotions
from worker.handlers.fields import (
    Document,
    amount,
    at,
    currency,
    identity,
    names_in,
    optional_amount,
    own_id,
    payer_emails,
)


def paid(invoice: Document) -> Reading:
    """`invoice.paid`, `invoice.payment_succeeded`: money that settles an invoice, or part of it."""
    invoice_id, customer = own_id(invoice), identity(invoice.get("customer"))
    subscription, subscription_metadata, metadata_path = _subscription(invoice)
    payment_intent, charge = identity(invoice.get("payment_intent")), identity(invoice.get("charge"))
    discounts, discount_names = promotions.used_on(invoice, invoice_id)
    is_stating, emails = _is_money(invoice), payer_emails(invoice)
    facts = _amounts(invoice) | {"payment_intent": payment_intent or None, "charge": charge or None}
    return Reading(
        objects=(
            ObjectFacts(Kind.INVOICE, invoice_id, facts if is_stating else {}, customer, subscription, emails),
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
        is_stating=is_stating,
    )


def _amounts(invoice: Document) -> dict[str, Any]:
    return {
        "currency": currency(invoice),
        "total": amount(invoice, "total", may_be_negative=True),
        "tax": _tax(invoice),
        "net_total": optional_amount(invoice, "total_excluding_tax", may_be_negative=True),
        "amount_paid": amount(invoice, "amount_paid"),
        "off_stripe": optional_amount(invoice, "amount_paid_off_stripe"),
        "paid_out_of_band": invoice.get("paid_out_of_band"),
        "attempted": invoice.get("attempted"),
        "paid_at": at(invoice, "status_transitions", "paid_at"),
        **lines.facts_of(invoice),
    }


def _is_money(invoice: Document) -> bool:
    """Whether anything was paid. An invoice of zero is paid as well; one still open may be paid in part."""
    status = invoice.get("status")
    is_paid = status == "paid" if isinstance(status, str) else invoice.get("paid") is not False
    return is_paid or bool(optional_amount(invoice, "amount_paid"))


def written_off(invoice: Document) -> Reading:
    """`invoice.voided`, `invoice.marked_uncollectible`: recorded. What was paid stays paid, and may yet be paid."""
    facts = {"status": invoice.get("status")}
    subscription, _metadata, _path = _subscription(invoice)
    known = ObjectFacts(Kind.INVOICE, own_id(invoice), facts, identity(invoice.get("customer")), subscription)
    return Reading(objects=(known,))


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
    """The invoice's subscription, that subscription's metadata as frozen on it, and where the metadata stands.

    Each is looked for by itself: recorded documents carry `parent` and the older fields together. Invoices from before
    2023-06-29 carry the metadata on their subscription lines only.
    """
    subscription = identity(at(invoice, "parent", "subscription_details", "subscription"))
    subscription = subscription or identity(invoice.get("subscription"))
    for path in ("parent.subscription_details.metadata", "subscription_details.metadata"):
        metadata = at(invoice, *path.split("."))
        if isinstance(metadata, dict):
            return subscription, metadata, f"data.object.{path}"
    return subscription, *_line_metadata(invoice, subscription)


def _line_metadata(invoice: Document, subscription: str) -> tuple[Any, str]:
    found = at(invoice, "lines", "data")
    for number, line in enumerate(found if isinstance(found, list) else ()):
        if at(line, "type") == "subscription" and identity(at(line, "subscription")) == subscription:
            return at(line, "metadata"), f"data.object.lines.data[{number}].metadata"
    return None, ""


def _tax(invoice: Document) -> int:
    """All tax on the invoice, minor units, whether on top of the prices or inside them."""
    for name in ("total_taxes", "total_tax_amounts"):
        taxes = invoice.get(name)
        if isinstance(taxes, list) and taxes:
            return sum(amount(tax, "amount", may_be_negative=True) for tax in taxes)
    return optional_amount(invoice, "tax", may_be_negative=True) or 0
