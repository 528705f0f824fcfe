"""Stripe's invoice, the object whose shape broke in 2025, and the InvoicePayment that came in its stead."""

from .documents import PRICE, PRODUCT, Document, price
from .facts import Bill, Ids, Purchase, metadata
from .families import Family


def invoice(
    family: Family, sale: Purchase, *, period: tuple[int, int], reason: str, livemode: bool, snapshot: bool = True
) -> Document:
    """The paid invoice of `sale`.

    Args:
        family: the shape.
        sale: whose money it is.
        period: start and end of what it pays for.
        reason: Stripe's `billing_reason`.
        livemode: live or test.
        snapshot: it carries the subscription's metadata as they were when it was finalized.
    """
    snapshot_of = metadata(sale.marks.subscription) if snapshot else None
    links: Document = _named_links(sale, snapshot_of) if family.names_links else {}
    if family.has_parents:
        links |= _parent(sale, snapshot_of)
    return (
        _amounts(family, sale.bill)
        | links
        | {
            "id": sale.invoice,
            "object": "invoice",
            "account_country": "US",
            "attempt_count": 0 if sale.bill.out_of_band else 1,
            "attempted": not sale.bill.out_of_band,
            "auto_advance": False,
            "billing_reason": reason,
            "collection_method": "charge_automatically",
            "created": sale.paid_at - 1,
            "customer": sale.customer,
            "customer_email": f"{sale.customer.lower()}@example.com",
            "customer_name": "Cleo",
            "description": None,
            "discounts": [],
            "lines": {
                "object": "list",
                "data": [_line(family, sale, period)],
                "has_more": False,
                "total_count": 1,
                "url": f"/v1/invoices/{sale.invoice}/lines",
            },
            "livemode": livemode,
            "metadata": metadata(sale.marks.invoice),
            "number": "C1E0-0001",
            # The invoice's own period is the one before: nothing may be read from it.
            "period_end": period[0],
            "period_start": period[0] - (period[1] - period[0]),
            "status": "paid",
            "status_transitions": {
                "finalized_at": sale.paid_at - 1,
                "marked_uncollectible_at": None,
                "paid_at": sale.paid_at,
                "voided_at": None,
            },
        }
    )


def _amounts(family: Family, bill: Bill) -> Document:
    listed = (bill.total_minor if bill.tax_inclusive else bill.net_minor) + bill.discount_minor
    # Until basil the amount paid did not contain what was paid outside Stripe.
    paid_minor = bill.charged_minor if family.names_links else bill.due_minor
    amounts = {
        "amount_due": bill.due_minor,
        "amount_overpaid": 0,
        "amount_paid": paid_minor,
        "amount_remaining": bill.due_minor - paid_minor,
        "currency": bill.currency,
        "ending_balance": 0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": -bill.balance_minor,
        "subtotal": listed,
        "subtotal_excluding_tax": bill.net_minor + bill.discount_minor,
        "total": bill.total_minor,
        "total_discount_amounts": _discounts(bill),
        "total_excluding_tax": bill.net_minor,
    }
    if family.names_links:
        old_taxes = _taxes(bill, {"inclusive": bill.tax_inclusive, "tax_rate": "txr_1Vat"})
        amounts |= {
            "paid": True,
            "paid_out_of_band": bill.out_of_band,
            "tax": bill.tax_minor or None,
            "total_tax_amounts": old_taxes,
        }
    return amounts | ({"total_taxes": _new_taxes(bill)} if family.has_parents else {})


def _taxes(bill: Bill, shape: Document) -> list[Document]:
    if not bill.tax_minor:
        return []
    common = {"amount": bill.tax_minor, "taxability_reason": "standard_rated", "taxable_amount": bill.net_minor}
    return [common | shape]


def _new_taxes(bill: Bill) -> list[Document]:
    behavior = "inclusive" if bill.tax_inclusive else "exclusive"
    rate = {"tax_rate_details": {"tax_rate": "txr_1Vat"}, "type": "tax_rate_details"}
    return _taxes(bill, {"tax_behavior": behavior} | rate)


def _discounts(bill: Bill) -> list[Document]:
    return [{"amount": bill.discount_minor, "discount": "di_1Spring"}] if bill.discount_minor else []


def _named_links(sale: Purchase, snapshot: dict[str, str] | None) -> Document:
    return {
        "charge": sale.charge,
        "discount": None,
        "payment_intent": sale.payment_intent,
        "subscription": sale.subscription,
        "subscription_details": {"metadata": snapshot if sale.subscription else None},
    }


def _parent(sale: Purchase, snapshot: dict[str, str] | None) -> Document:
    if sale.subscription is None:
        return {"parent": None}
    details = {"metadata": snapshot, "subscription": sale.subscription}
    return {"parent": {"quote_details": None, "subscription_details": details, "type": "subscription_details"}}


def _line(family: Family, sale: Purchase, period: tuple[int, int]) -> Document:
    bill = sale.bill
    line = {
        "id": f"il_{sale.invoice}",
        "object": "line_item",
        "amount": (bill.total_minor if bill.tax_inclusive else bill.net_minor) + bill.discount_minor,
        "currency": bill.currency,
        "description": "Pro, monthly",
        "discount_amounts": _discounts(bill),
        "discountable": True,
        "invoice": sale.invoice,
        "livemode": False,
        "metadata": metadata(sale.marks.subscription),
        "period": {"start": period[0], "end": period[1]},
        "quantity": 1,
    }
    if family.names_links:
        line |= _old_line(sale)
    return line | (_new_line(sale) if family.has_parents else {})


def _old_line(sale: Purchase) -> Document:
    return {
        "price": price(sale.bill),
        "proration": False,
        "subscription": sale.subscription,
        "tax_amounts": _taxes(sale.bill, {"inclusive": sale.bill.tax_inclusive, "tax_rate": "txr_1Vat"}),
        "type": "subscription" if sale.subscription else "invoiceitem",
    }


def _new_line(sale: Purchase) -> Document:
    kind = "subscription_item_details" if sale.subscription else "invoice_item_details"
    parent: Document = {"subscription_item_details": None, "invoice_item_details": None, "type": kind}
    parent[kind] = {"proration": False, "subscription": sale.subscription}
    return {
        "parent": parent,
        "pricing": {"price_details": {"price": PRICE, "product": PRODUCT}, "type": "price_details"},
        "taxes": _new_taxes(sale.bill),
    }


def payments(sale: Purchase, ids: Ids, *, livemode: bool) -> list[Document]:
    """What paid an invoice: a PaymentIntent, a payment record of money from outside Stripe, or both."""
    found = []
    if sale.payment_intent is not None:
        found.append(invoice_payment(sale, ids.fresh("inpay"), livemode=livemode))
    if sale.bill.outside_minor:
        found.append(outside_payment(sale, ids.fresh("inpay"), livemode=livemode))
    return found


def invoice_payment(sale: Purchase, payment_id: str, *, livemode: bool) -> Document:
    """What joins an invoice and its PaymentIntent since neither names the other."""
    return {
        "id": payment_id,
        "object": "invoice_payment",
        "amount_paid": sale.bill.charged_minor,
        "amount_requested": sale.bill.charged_minor,
        "created": sale.paid_at - 1,
        "currency": sale.bill.currency,
        "invoice": sale.invoice,
        "is_default": True,
        "livemode": livemode,
        "payment": {"payment_intent": sale.payment_intent, "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": sale.paid_at},
    }


def outside_payment(sale: Purchase, payment_id: str, *, livemode: bool) -> Document:
    """What says since basil how much of an invoice was paid outside Stripe."""
    payment = invoice_payment(sale, payment_id, livemode=livemode)
    paid_minor = sale.bill.outside_minor
    record = {"payment_record": f"prec_{payment_id}", "type": "payment_record"}
    return payment | {"amount_paid": paid_minor, "amount_requested": paid_minor, "payment": record}
