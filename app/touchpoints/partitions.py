"""The months touchpoints are kept in: those to come are made, those past retention are dropped.

A touchpoint whose month has no partition is not lost: it lies in the default partition, and moves into its month when
that is made.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

MONTHS_AHEAD: Final = 2

_KEEP = text("SELECT keep_touchpoint_month(:month)")
_DROP = text("SELECT drop_touchpoint_months(:before)")


def look_after(session: Session, *, now: datetime, keep_days: int) -> None:
    """Make this month's partition and the next ones, and drop the months that ended more than `keep_days` ago.

    Effects: locks the table for a moment; gives up after two seconds and then raises OperationalError, so that no
    visitor waits behind it.
    """
    for ahead in range(MONTHS_AHEAD + 1):
        session.execute(_KEEP, {"month": _month(now.date(), ahead)})
    session.execute(_DROP, {"before": now - timedelta(days=keep_days)})


def _month(day: date, ahead: int) -> date:
    """The first day of a later month: November 2026 and 2 ahead is 1 January 2027."""
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)
