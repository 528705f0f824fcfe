"""The periods of an invoice's subscription lines, which name its billing cycle."""

from collections.abc import Sequence

from app.payments.facts import seconds
from worker.inbox.handlers.fields import Document, at, identity

Period = tuple[int | None, int]
"""Start and end in Unix seconds; None where the line does not say when it starts."""


def facts_of(lines: Sequence[Document]) -> dict[str, list[Period]] | None:
    """The periods of `lines`: `regular` ones, and `other` ones (prorations, one-off items). None without any.

    Without duplicates, in order. Source: Stripe API reference, "The Invoice Line Item object".
    """
    found: dict[str, set[Period]] = {"regular": set(), "other": set()}
    for line in lines:
        end = seconds(at(line, "period", "end"))
        if end is not None and of_subscription(line):
            found["regular" if _is_regular(line) else "other"].add((seconds(at(line, "period", "start")), end))
    periods_by_kind = {name: sorted(periods, key=_by_end) for name, periods in found.items() if periods}
    return periods_by_kind or None


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


def _by_end(period: Period) -> tuple[int, int]:
    start, end = period
    return (end, -1 if start is None else start)
