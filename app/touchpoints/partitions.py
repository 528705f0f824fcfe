"""Monthly partitions of the touchpoints table: creates the coming ones, drops those past the retention.

A touchpoint whose month has no partition is not lost: it is stored in the default partition, and moved into the
partition of its month when that is created.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

MONTHS_AHEAD: Final = 2

_CREATE = text("SELECT keep_touchpoint_month(:month)")
_DROP = text("SELECT drop_touchpoint_months(:before)")


def maintain_partitions(session: Session, *, now: datetime, retention_days: int) -> None:
    """Create the partitions of this month and the next ones; drop months that ended over `retention_days` ago.

    Effects: locks the table for a moment. Waits at most two seconds for the lock and then raises OperationalError, so
    that no visitor has to wait for it.
    """
    for ahead in range(MONTHS_AHEAD + 1):
        session.execute(_CREATE, {"month": _month(now.date(), ahead)})
    session.execute(_DROP, {"before": now - timedelta(days=retention_days)})


def _month(day: date, ahead: int) -> date:
    """The first day of a later month: November 2026 and 2 ahead is 1 January 2027."""
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)
