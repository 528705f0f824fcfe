"""Which of Stripe's lists make up a stretch of history, and where each begins and ends. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from worker.inbox.handlers.table import HANDLERS

EVENTS_LISTED_DAYS: Final = 29
"""Stripe lists events for 30 days; the oldest would vanish while we read. Source: Stripe API reference, "Events"."""
TYPES_AT_ONCE: Final = 20
"""Source: Stripe API reference, "List all events", `types`."""
INVOICE_DAYS: Final = 90
"""Invoices are listed by when they were made; so much earlier we look for those that were paid later."""
SESSION_DAYS: Final = 1
"""A checkout session lives a day at most. Source: Stripe API reference, "Checkout Session", `expires_at`."""

PAYMENTS: Final = "payments"
"""What an invoice must be asked for with, to say what of it was paid outside Stripe.

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
"""Name → path, what to narrow by, and how many days earlier to begin."""


@dataclass(frozen=True, slots=True)
class Part:
    """One list to read from its newest to its oldest entry; `since` and `until` are Unix seconds.

    Attributes:
        paid_since: leave out invoices paid before; 0 for other lists.
    """

    name: str
    path: str
    since: int
    until: int
    narrowed: Mapping[str, Any] = field(default_factory=dict)
    paid_since: int = 0

    @property
    def are_events(self) -> bool:
        """Whether it lists events; else the objects themselves, as they are now."""
        return self.path == "/v1/events"

    @property
    def code(self) -> str:
        """The name in one piece, `invoice_payments`."""
        return self.name.replace(" ", "_")

    def query(self, after: str | None) -> dict[str, Any]:
        """The parameters of the page that begins after the entry with id `after`."""
        asked = {**self.narrowed, "limit": 100, "created": {"gte": self.since, "lt": self.until}}
        return asked if after is None else {**asked, "starting_after": after}

    def wanted(self, documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of a page that belong to the stretch asked for."""
        return [one for one in documents if not self.paid_since or _paid_at(one) >= self.paid_since]

    def share_done(self, document: Mapping[str, Any]) -> float:
        """How much of the stretch lies behind, by the age of the last document read; 0 to 1."""
        created = document.get("created")
        if not isinstance(created, int) or self.until <= self.since:
            return 1.0
        return min(1.0, max(0.0, (self.until - created) / (self.until - self.since)))


def parts(since: datetime, until: datetime, asked_at: datetime) -> list[Part]:
    """The lists to read, those first that say what came back.

    What lies further back than events reach is read from the lists of objects, as they are now; the rest from the
    events. What came back is read up to `asked_at`, whatever `until`, since it concerns payments made before.
    """
    boundary = asked_at - timedelta(days=EVENTS_LISTED_DAYS)
    has_events = until > boundary
    now = _seconds(asked_at) + 1
    found: list[Part] = []
    if since < boundary:
        found += _lists(_seconds(since), _seconds(min(until, boundary)), _seconds(boundary) if has_events else now)
    if has_events:
        first = _seconds(max(since, boundary))
        returns, others = _types()
        found += _events("returns", returns, first, now)
        found += _events("events", others, first, _seconds(until) + 1)
    return found


def compared(since: datetime, until: datetime) -> list[Part]:
    """The lists a reconciliation reads: what came back first, so that a charge tells no second time what they tell."""
    first, end = _seconds(since), _seconds(until)
    returns = [Part(name, _RETURN_LISTS[name], first, end) for name in ("refunds", "disputes")]
    wanted = {"invoice payments": {}, "invoices": {"expand": [f"data.{PAYMENTS}"]}, "charges": {}}
    lists = [one for one in _lists(first, end, end) if one.name in wanted]
    return returns + [replace(one, narrowed={**one.narrowed, **wanted[one.name]}) for one in lists]


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
    """The types we read: those about what came back, and the others."""
    returns = [name for name in HANDLERS if name.startswith(_RETURNS)]
    return returns, [name for name in HANDLERS if name not in returns]


def _paid_at(invoice: Mapping[str, Any]) -> int:
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at") or invoice.get("created")
    return paid_at if isinstance(paid_at, int) else 0


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
