"""Invoices whose lines are for several periods: mixed intervals, usage in arrears, upgrades, backdated starts."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from .facts import Purchase

Document = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """What one line is for, in Unix seconds; a proration is billed as an item, as Stripe does since basil."""

    start: int
    end: int
    is_proration: bool = False


def billed(
    sale: Purchase, spans: Sequence[Span], at: int, *, shown: int | None = None, states_period: bool = True
) -> Purchase:
    """`sale`, its invoice billed at this moment for these periods, the first of which carries the amount.

    Args:
        shown: only so many lines stand on the invoice's own page.
        states_period: whether the invoice tells its moment of billing as its own `period_end`.
    """
    events = [deepcopy(event) for event in sale.events]
    for event in events:
        invoice = event["data"]["object"]
        if invoice["object"] == "invoice":
            every = [_line(invoice["lines"]["data"][0], span, number) for number, span in enumerate(spans)]
            page = every[:shown]
            invoice["lines"] |= {"data": page, "has_more": len(page) < len(every), "total_count": len(every)}
            invoice["period_end"] = at
            if not states_period:
                del invoice["period_end"]
    return replace(sale, events=tuple(events))


def lines_of(sale: Purchase, spans: Sequence[Span]) -> list[Document]:
    """All the lines of the sale's invoice, as Stripe lists them."""
    pattern = sale.event("invoice.paid")["data"]["object"]["lines"]["data"][0]
    return [_line(pattern, span, number) for number, span in enumerate(spans)]


def _line(pattern: Document, span: Span, number: int) -> Document:
    line = deepcopy(pattern) | {"id": f"{pattern['id']}_{number}", "period": {"start": span.start, "end": span.end}}
    if number:
        line |= {"amount": 0, "discount_amounts": []}
        line |= {name: [] for name in ("taxes", "tax_amounts") if name in line}
    if "proration" in line:
        # Where lines have plans, only those of the type `subscription` carry the subscription's metadata.
        is_item = span.is_proration and "plan" not in line
        line |= {"proration": span.is_proration, "type": "invoiceitem" if is_item else "subscription"}
    if span.is_proration and "parent" in line:
        details = {"proration": True, "subscription": line["parent"]["subscription_item_details"]["subscription"]}
        line["parent"] = {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return line
