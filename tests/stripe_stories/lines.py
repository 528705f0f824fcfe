"""Invoices of several lines, each of a product of its own."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from .facts import Event, Purchase

Document = dict[str, object]


@dataclass(frozen=True)
class Line:
    """A line of so many minor units, its discounts and the tax inside it still in them."""

    product: str
    amount_minor: int
    discount_minor: int = 0
    tax_inside_minor: int = 0


def itemized(sale: Purchase, lines: Sequence[Line], *, shown: int | None = None) -> list[Event]:
    """The events of `sale`, whose invoice has these lines; with `shown`, only so many stand on its page."""
    events = deepcopy(list(sale.events))
    for event in events:
        invoice = event["data"]["object"]
        if invoice["object"] == "invoice":
            every = rendered(invoice["lines"]["data"][0], lines)
            page = every[:shown]
            invoice["lines"] |= {"data": page, "has_more": len(page) < len(every), "total_count": len(every)}
    return events


def rendered(pattern: dict[str, object], lines: Sequence[Line]) -> list[dict[str, object]]:
    """Lines in the shape of `pattern`."""
    return [_line(pattern, line, number) for number, line in enumerate(lines)]


def _line(pattern: dict[str, object], line: Line, number: int) -> dict[str, object]:
    found = deepcopy(pattern) | {"id": f"{pattern['id']}_{number}", "amount": line.amount_minor}
    discount = {"amount": line.discount_minor, "discount": "di_1Spring"}
    found["discount_amounts"] = [discount] if line.discount_minor else []
    is_new = "pricing" in found
    tax: dict[str, object] = {"amount": line.tax_inside_minor}
    tax |= {"tax_behavior": "inclusive"} if is_new else {"inclusive": True}
    found["taxes" if is_new else "tax_amounts"] = [tax] if line.tax_inside_minor else []
    product = {"product": line.product}
    for name in ("plan", "price"):
        if name in found:
            found[name] = found[name] | product  # type: ignore[operator]  # both are objects
    if is_new:
        found["pricing"] = {"price_details": {"price": "price_1"} | product, "type": "price_details"}
    return found
