"""Compares clocks: Stripe's deliveries are refused if the server's clock is wrong by five minutes. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from app.doctor.findings import Finding, found
from app.stripe_events.signature import TOLERANCE_SECONDS

LARGEST_SECONDS: Final = 30
"""A larger difference is reported: an HTTP date is exact to the second, and an answer may take a few."""

Clock = Literal["database", "stripe", "web"]


def difference(clock: Clock, theirs: datetime | None, ours: datetime) -> Iterator[Finding]:
    """A finding if a clock differs from this machine's; nothing if its time is not known."""
    seconds = round((theirs - ours).total_seconds()) if theirs is not None else 0
    if abs(seconds) > LARGEST_SECONDS:
        yield found("clock_differs", clock=clock, count=abs(seconds), limit=TOLERANCE_SECONDS)
