"""The lists of Stripe's API to read for a period, with their bounds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from app.immutable import immutable
from worker.inbox.handlers.table import HANDLERS

EVENTS_LISTED_DAYS: Final = 29
"""Stripe lists events for 30 days; the oldest could disappear while we read. Source: Stripe API reference, "Events"."""
TYPES_AT_ONCE: Final = 20
"""Source: Stripe API reference, "List all events", `types`."""
INVOICE_DAYS: Final = 90
"""Invoices are listed by creation time, so the list begins this much earlier, to include those paid later."""
SESSION_DAYS: Final = 1
"""A checkout session expires after a day at most. Source: Stripe API reference, "Checkout Session", `expires_at`."""

PAYMENTS: Final = "payments"
"""The field of an invoice to expand, which shows what was paid outside Stripe.

Source: Stripe changelog 2025-03-31, "Adds support for multiple partial payments on invoices".
"""
_RETURNS: Final = ("refund.", "charge.refund", "charge.dispute.", "radar.", "credit_note.")
_RETURN_LISTS: Final = {
    "refunds": "/v1/refunds",
    "disputes": "/v1/disputes",
    "credit notes": "/v1/credit_notes",
    "fraud warnings": "/v1/radar/early_fraud_warnings",
}
_LISTS: Final[Mapping[str, tuple[str, Mapping[str, Any], int]]] = {
    "customers": ("/v1/customers", {}, 0),
    "checkout sessions": ("/v1/checkout/sessions", {"status": "complete"}, SESSION_DAYS),
    "subscriptions": ("/v1/subscriptions", {"status": "all"}, 0),
    "invoice payments": ("/v1/invoice_payments", {"status": "paid"}, INVOICE_DAYS),
    "invoices": ("/v1/invoices", {"status": "paid"}, INVOICE_DAYS),
    "charges": ("/v1/charges", {}, 0),
    "payment intents": ("/v1/payment_intents", {}, 0),
}
"""By name: the path, the filter, and how many days earlier the list begins."""


@immutable
class Part:
    """A list to read from its newest to its oldest entry; `since` and `until` are Unix seconds.

    Attributes:
        narrowed: filter parameters.
        paid_since: invoices paid before it are left out, Unix seconds; 0 for other lists.
    """

    name: str
    path: str
    since: int
    until: int
    narrowed: Mapping[str, Any] = field(default_factory=dict)
    paid_since: int = 0

    @property
    def are_events(self) -> bool:
        """Whether it is a list of events; if not, of objects in their present state."""
        return self.path == "/v1/events"

    @property
    def code(self) -> str:
        """The name as a code, `invoice_payments`."""
        return self.name.replace(" ", "_")

    def query(self, after: str | None) -> dict[str, Any]:
        """The query parameters of the page after the entry with id `after`, of the first page for None."""
        query = {**self.narrowed, "limit": 100, "created": {"gte": self.since, "lt": self.until}}
        return query if after is None else {**query, "starting_after": after}

    def in_period(self, documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The documents of a page that belong to the period."""
        return [document for document in documents if not self.paid_since or _paid_at(document) >= self.paid_since]

    def share_done(self, document: Mapping[str, Any]) -> float:
        """The share of the list that was read, by the age of the last document read; 0 to 1."""
        created = document.get("created")
        if not isinstance(created, int) or self.until <= self.since:
            return 1.0
        return min(1.0, max(0.0, (self.until - created) / (self.until - self.since)))


def parts(since: datetime, until: datetime, asked_at: datetime) -> list[Part]:
    """The lists to read for a backfill, first those of returns (refunds, disputes, credit notes).

    The time before Stripe's oldest listed events is read from lists of objects in their present state, the rest from
    events. Returns are read up to `asked_at` instead of `until`, since they concern payments made before.
    """
    boundary = asked_at - timedelta(days=EVENTS_LISTED_DAYS)
    has_events = until > boundary
    now = _seconds(asked_at) + 1
    lists: list[Part] = []
    if since < boundary:
        lists += _lists(_seconds(since), _seconds(min(until, boundary)), _seconds(boundary) if has_events else now)
    if has_events:
        first = _seconds(max(since, boundary))
        returns, others = _types()
        lists += _events("returns", returns, first, now)
        lists += _events("events", others, first, _seconds(until) + 1)
    return lists


def compared(since: datetime, until: datetime) -> list[Part]:
    """The lists to read for a reconciliation, first returns, so that a charge does not repeat their differences."""
    first, end = _seconds(since), _seconds(until)
    returns = [Part(name, _RETURN_LISTS[name], first, end) for name in ("refunds", "disputes")]
    expanded = {"invoice payments": {}, "invoices": {"expand": [f"data.{PAYMENTS}"]}, "charges": {}}
    lists = [part for part in _lists(first, end, end) if part.name in expanded]
    return returns + [replace(part, narrowed={**part.narrowed, **expanded[part.name]}) for part in lists]


def _lists(since: int, until: int, returns_until: int) -> list[Part]:
    returns = [Part(name, path, since, returns_until) for name, path in _RETURN_LISTS.items()]
    others = [
        Part(
            name,
            path,
            since - days * 86_400,
            until,
            narrowed,
            paid_since=since if name == "invoices" else 0,
        )
        for name, (path, narrowed, days) in _LISTS.items()
    ]
    return returns + others


def _events(name: str, types: Sequence[str], since: int, until: int) -> list[Part]:
    chunks = [types[begin : begin + TYPES_AT_ONCE] for begin in range(0, len(types), TYPES_AT_ONCE)]
    return [Part(name, "/v1/events", since, until, {"types": list(chunk)}) for chunk in chunks]


def _types() -> tuple[list[str], list[str]]:
    """The event types to read: those of returns, and the others."""
    returns = [name for name in HANDLERS if name.startswith(_RETURNS)]
    return returns, [name for name in HANDLERS if name not in returns]


def _paid_at(invoice: Mapping[str, Any]) -> int:
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at") or invoice.get("created")
    return paid_at if isinstance(paid_at, int) else 0


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
