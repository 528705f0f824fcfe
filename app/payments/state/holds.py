"""Holds: open disputes and fraud warnings, during which nothing is approved automatically. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from app.immutable import immutable
from app.payments.state.payment_group import KnownObject

FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
WARNING_DAYS: Final = 75
"""How long a fraud warning holds without a dispute. Most disputes arrive within 75 days of their charge."""


@immutable
class Hold:
    """Why a commission is not approved automatically, until when, and since when without a break.

    An open dispute holds until `FOREVER`.
    """

    reason: str = ""
    until: datetime | None = None
    since: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it holds at this moment."""
        return self.until is not None and self.until > now

    def outranks(self, approved_at: datetime, now: datetime) -> bool:
        """Whether it holds now and did already when an automatic approval was made, at `approved_at`."""
        return self.is_open(now) and self.since is not None and self.since <= approved_at


NO_HOLD: Final = Hold()


def hold_of(
    disputes: Sequence[KnownObject], warnings: Iterable[KnownObject], *, closed: Collection[str], is_refunded: bool
) -> Hold:
    """The hold of a payment with these disputes and fraud warnings.

    An open dispute holds. A warning holds until money was returned, there is a dispute, or its days are over.

    Args:
        disputes: all that are about its money.
        warnings: all fraud warnings about its money.
        closed: the statuses of a dispute that has ended.
        is_refunded: whether any of the money was refunded.
    """
    disputed = [_dispute(dispute, is_closed=dispute.facts["status"] in closed) for dispute in disputes]
    warned = [] if is_refunded else [_warning(warning) for warning in warnings]
    if disputed and all(span.until != FOREVER for span in disputed):
        return NO_HOLD
    return longest([*disputed, *warned])


def longest(holds: Iterable[Hold]) -> Hold:
    """The hold that ends last (of several, the first by name), since the begin of the unbroken sequence before it."""
    spans = [hold for hold in holds if hold.until is not None and hold.since is not None]
    if not spans:
        return NO_HOLD
    last = max(spans, key=lambda span: (span.until or FOREVER, span.reason))
    since = last.since or FOREVER
    for span in sorted(spans, key=lambda span: span.until or FOREVER, reverse=True):
        if span.until is not None and span.since is not None and span.until >= since:
            since = min(since, span.since)
    return Hold(last.reason, last.until, since)


def _dispute(known: KnownObject, *, is_closed: bool) -> Hold:
    return Hold("dispute", known.stated_at if is_closed else FOREVER, known.happened_at)


def _warning(known: KnownObject) -> Hold:
    return Hold("warning", known.happened_at + timedelta(days=WARNING_DAYS), known.happened_at)
