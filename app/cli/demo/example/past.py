"""The months of the example: sales arrive week by week, the clock approves what has matured, months are closed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from app import db
from app.cli.demo.example import sales
from app.cli.demo.example.shop import Shop
from app.commissions.decisions import maturing
from app.statements import closing, periods

MONTHS: Final = 5
"""How many whole months lie before the running one."""
WEEK: Final = timedelta(days=7)
LATEST: Final = timedelta(hours=1)
"""How long before the end of a week its events arrive, so that a month's are recorded in it."""


def live(shop: Shop, now: datetime) -> None:
    """Let half a year pass, up to `now`."""
    begins_at = beginning(now)
    waiting = sales.events(begins_at, now - 2 * LATEST)
    for until in _weeks(begins_at, now):
        arriving = [event for at, event in waiting if at < until]
        waiting = waiting[len(arriving) :]
        shop.set_clock(until - LATEST)
        shop.deliver(arriving)
        maturing.approve(db.transaction, now=until - LATEST)
        shop.set_clock(until)
        _close_months()
    shop.set_clock(None)


def beginning(now: datetime) -> datetime:
    """The first day of the month that is `MONTHS` before the running one, in UTC."""
    month = now.year * 12 + now.month - 1 - MONTHS
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _close_months() -> None:
    """Close the months of all programs that are over on the ledger's clock."""
    with db.transaction() as session:
        due = periods.load_due(session)
    for period in due:
        closing.close_fenced(db.transaction, period)


def _weeks(begins_at: datetime, now: datetime) -> Iterator[datetime]:
    """The ends of the weeks and of the months, in order; the last one is `now`."""
    at = begins_at
    while at < now:
        next_month = (at.replace(day=1) + timedelta(days=32)).replace(day=1)
        at = min(at + WEEK, next_month, now)
        yield at
