"""The lines of an invoice: the amount of each product, and the periods that name the billing cycle."""

from collections.abc import Sequence
from typing import Any

from app.errors import UnusableEvent
from app.payments.facts import Kind, ObjectFacts, Reading, seconds
from worker.inbox.handlers.fields import Document, at, documents_in, identity, optional_amount, own_id

Period = tuple[int | None, int]
"""Start and end in Unix seconds; None where the line does not say when it starts."""


def facts_of(invoice: Document) -> dict[str, Any]:
    """The facts from the invoice's own page of lines.

    `lines` is present only if the page has all lines: {product: minor units}, "" for lines without a product. Otherwise
    `has_more_lines` is true, and payments that need the lines wait until all are fetched. The periods of an incomplete
    page are `page_periods`; those of all lines are used before them, whichever arrived first.
    """
    lines = documents_in(at(invoice, "lines", "data"))
    is_whole = at(invoice, "lines", "has_more") is not True
    by_product = _by_product(lines) if is_whole else None
    return {
        "lines": by_product,
        "has_more_lines": True if by_product is None else None,
        "periods" if is_whole else "page_periods": periods_of(lines),
        "period_end": seconds(invoice.get("period_end")),
    }


def fetched(document: Document) -> Reading:
    """`fetched.invoice_lines`: all lines of an invoice, in a document made by Accrual."""
    lines = documents_in(document.get("data"))
    facts = {"lines": _by_product(lines), "periods": periods_of(lines)}
    return Reading(objects=(ObjectFacts(Kind.INVOICE, own_id(document), facts),))


def _by_product(lines: Sequence[Document]) -> dict[str, int] | None:
    """Minor units by product, the sum of its lines; None if a line has no readable amount.

    A rate for the whole invoice does not need them, so an unreadable line affects only payments with rates by product.
    """
    totals: dict[str, int] = {}
    try:
        for line in lines:
            product = _product(line)
            totals[product] = totals.get(product, 0) + _line_base(line)
    except UnusableEvent:
        return None
    return totals


def _product(line: Document) -> str:
    return (
        identity(at(line, "pricing", "price_details", "product"))
        or identity(at(line, "price", "product"))
        or identity(at(line, "plan", "product"))
    )


def _line_base(line: Document) -> int:
    """The line's amount less its discounts (the invoice's, too: Stripe spreads them) and the tax inside it.

    Example: 11900 with 19 % inside, that is 1900, is 10000. Source: Stripe API reference, "The Invoice Line Item
    object"; `discount_amounts`, `taxes`, in older versions `tax_amounts`.
    """
    gross = optional_amount(line, "amount", may_be_negative=True)
    if gross is None:
        raise UnusableEvent("line_without_amount")
    discounts = sum(map(_signed_amount, documents_in(line.get("discount_amounts"))))
    taxes = documents_in(line.get("taxes")) or documents_in(line.get("tax_amounts"))
    inside = [tax for tax in taxes if tax.get("tax_behavior") == "inclusive" or tax.get("inclusive") is True]
    return gross - discounts - sum(map(_signed_amount, inside))


def _signed_amount(document: Document) -> int:
    return optional_amount(document, "amount", may_be_negative=True) or 0


def periods_of(lines: Sequence[Document]) -> dict[str, list[Period]] | None:
    """The periods of `lines`: `regular` ones, and `other` ones (prorations, one-off items). None without any.

    Without duplicates, in order. Source: Stripe API reference, "The Invoice Line Item object".
    """
    found: dict[str, set[Period]] = {"regular": set(), "other": set()}
    for line in lines:
        end = seconds(at(line, "period", "end"))
        if end is not None and of_subscription(line):
            found["regular" if _is_regular(line) else "other"].add((seconds(at(line, "period", "start")), end))
    return {
        name: sorted(periods, key=lambda period: (period[1], -1 if period[0] is None else period[0]))
        for name, periods in found.items()
        if periods
    } or None


def of_subscription(line: Document) -> bool:
    """Whether the line bills a subscription, a proration of it included."""
    return bool(
        at(line, "type") == "subscription"
        or identity(at(line, "subscription"))
        or at(line, "parent", "type") == "subscription_item_details"
        or at(line, "parent", "invoice_item_details", "subscription")
    )


def _is_regular(line: Document) -> bool:
    """Whether it is the subscription's own price for a period: no proration and no added item."""
    is_item = at(line, "type") == "invoiceitem" or at(line, "parent", "type") == "invoice_item_details"
    is_proration = (
        at(line, "proration") is True
        or at(line, "parent", "invoice_item_details", "proration") is True
        or at(line, "parent", "subscription_item_details", "proration") is True
    )
    return not is_item and not is_proration
