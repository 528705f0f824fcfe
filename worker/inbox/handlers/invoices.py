"""Invoices and the InvoicePayments that link them to PaymentIntents and charges."""

from typing import Any

from app.payments.facts import Kind, ObjectFacts, Reading
from worker.inbox.handlers import invoice_lines, promotions
from worker.inbox.handlers.fields import (
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
    """`invoice.paid`, `invoice.payment_succeeded`: an invoice was paid, or a part of it."""
    invoice_id, customer = own_id(invoice), identity(invoice.get("customer"))
    subscription, subscription_metadata, metadata_path = _subscription(invoice)
    payment_intent, charge = identity(invoice.get("payment_intent")), identity(invoice.get("charge"))
    discounts, discount_names = promotions.used_on(invoice, invoice_id)
    states_amount, emails = _is_money(invoice), payer_emails(invoice)
    facts = _amounts(invoice) | {"payment_intent": payment_intent or None, "charge": charge or None}
    return Reading(
        objects=(
            ObjectFacts(Kind.INVOICE, invoice_id, facts if states_amount else {}, customer, subscription, emails),
            ObjectFacts(Kind.SUBSCRIPTION, subscription, customer=customer),
            ObjectFacts(Kind.CUSTOMER, customer),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent, customer=customer),
            ObjectFacts(Kind.CHARGE, charge, customer=customer),
            *discounts,
        ),
        links=((invoice_id, payment_intent), (invoice_id, charge)),
        names=(
            *names_in(invoice.get("metadata"), invoice_id, "invoice_metadata", "data.object.metadata"),
            *names_in(subscription_metadata, subscription, "subscription_metadata", metadata_path),
            *discount_names,
        ),
        states_amount=states_amount,
    )


def _amounts(invoice: Document) -> dict[str, Any]:
    return {
        "currency": currency(invoice),
        "total": amount(invoice, "total", may_be_negative=True),
        "tax": _tax(invoice),
        "net_total": optional_amount(invoice, "total_excluding_tax", may_be_negative=True),
        "amount_paid": _amount_paid(invoice),
        "overpaid": optional_amount(invoice, "amount_overpaid"),
        "amount_due": optional_amount(invoice, "amount_due", may_be_negative=True),
        "paid_out_of_band": _is_marked_paid(invoice),
        # API version basil removed `paid` and `paid_out_of_band`; since then `amount_paid` contains money from outside
        # Stripe.
        "paid_contains_outside": not {"paid", "paid_out_of_band"} & invoice.keys(),
        "attempted": invoice.get("attempted"),
        "paid_at": at(invoice, "status_transitions", "paid_at"),
        **invoice_lines.facts_of(invoice),
    }


def _is_marked_paid(invoice: Document) -> bool | None:
    """Whether it was marked as paid outside Stripe; None if no field has it: since basil, or before 2021.

    Before 2021 an invoice counts as marked if it is paid and was due, but Stripe received nothing for it and it has no
    charge.
    """
    marked = invoice.get("paid_out_of_band")
    if marked is not None or invoice.get("paid") is not True:
        return bool(marked) if marked is not None else None
    has_money = optional_amount(invoice, "amount_paid") != 0 or invoice.get("charge") or invoice.get("payment_intent")
    return True if not has_money and optional_amount(invoice, "amount_due", may_be_negative=True) else None


def _amount_paid(invoice: Document) -> int:
    """What was paid, minor units. Before 2018 no field has it: then what was due, if the invoice is paid."""
    paid = optional_amount(invoice, "amount_paid")
    if paid is None:
        return amount(invoice, "amount_due") if _is_paid(invoice) else 0
    return paid


def _is_money(invoice: Document) -> bool:
    """Whether anything was paid. An invoice of zero counts as paid; an open invoice may be paid in part."""
    return _is_paid(invoice) or bool(optional_amount(invoice, "amount_paid"))


def _is_paid(invoice: Document) -> bool:
    """Whether all of it was paid; if the invoice has no such field, the type of the event counts."""
    status = invoice.get("status")
    return invoice.get("paid") is True or (
        status == "paid" if isinstance(status, str) else invoice.get("paid") is not False
    )


def written_off(invoice: Document) -> Reading:
    """`invoice.voided`, `invoice.marked_uncollectible`: recorded only. Earlier and later payments count."""
    facts = {"status": invoice.get("status")}
    subscription, _metadata, _path = _subscription(invoice)
    known = ObjectFacts(Kind.INVOICE, own_id(invoice), facts, identity(invoice.get("customer")), subscription)
    return Reading(objects=(known,))


def payment_paid(invoice_payment: Document) -> Reading:
    """`invoice_payment.paid`: what paid an invoice, and how much of it.

    Since basil the only document that names an invoice and its PaymentIntent together. A payment record is money
    outside Stripe: a wire, a cheque, cash.
    """
    own, invoice = own_id(invoice_payment), identity(invoice_payment.get("invoice"))
    payment_intent = identity(at(invoice_payment, "payment", "payment_intent"))
    charge = identity(at(invoice_payment, "payment", "charge"))
    facts = {
        "invoice": invoice,
        "payment_intent": payment_intent or None,
        "charge": charge or None,
        "amount_paid": optional_amount(invoice_payment, "amount_paid"),
        "is_outside": at(invoice_payment, "payment", "type") == "payment_record" or None,
    }
    return Reading(
        objects=(
            ObjectFacts(Kind.INVOICE_PAYMENT, own, facts),
            ObjectFacts(Kind.INVOICE, invoice),
            ObjectFacts(Kind.PAYMENT_INTENT, payment_intent),
            ObjectFacts(Kind.CHARGE, charge),
        ),
        links=((own, invoice), (invoice, payment_intent), (invoice, charge)),
    )


def _subscription(invoice: Document) -> tuple[str, Any, str]:
    """The invoice's subscription, its copy of the subscription's metadata, and the path of the metadata.

    Each is searched separately, because some recorded documents have `parent` and the older fields together. Invoices
    from before 2023-06-29 have the metadata only on their subscription lines.
    """
    subscription = identity(at(invoice, "parent", "subscription_details", "subscription"))
    subscription = subscription or identity(invoice.get("subscription"))
    for path in ("parent.subscription_details.metadata", "subscription_details.metadata"):
        metadata = at(invoice, *path.split("."))
        if isinstance(metadata, dict):
            return subscription, metadata, f"data.object.{path}"
    return subscription, *_line_metadata(invoice, subscription)


def _line_metadata(invoice: Document, subscription: str) -> tuple[Any, str]:
    """The metadata on the first line that is the subscription's own.

    Before 2018-05-21 the line's id was the subscription's. Source: Stripe changelog, "Invoice line items now have
    unique IDs and can't be used in place of a subscription".
    """
    lines = at(invoice, "lines", "data")
    for number, line in enumerate(lines if isinstance(lines, list) else ()):
        named = identity(at(line, "subscription")) or identity(line)
        if at(line, "type") == "subscription" and named == subscription:
            return at(line, "metadata"), f"data.object.lines.data[{number}].metadata"
    return None, ""


def _tax(invoice: Document) -> int:
    """All tax on the invoice, minor units, whether on top of the prices or inside them."""
    for name in ("total_taxes", "total_tax_amounts"):
        taxes = invoice.get(name)
        if isinstance(taxes, list) and taxes:
            return sum(amount(tax, "amount", may_be_negative=True) for tax in taxes)
    return optional_amount(invoice, "tax", may_be_negative=True) or 0
