"""What the database says: its schema, whether events are processed, and what its rows say about endpoints and money."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.doctor import clocks
from app.doctor.checks import endpoints, links, live_money, payments, payouts, processes
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.runtime import schema_version
from app.stripe_events import inbox
from app.stripe_events.queries import count_parked

LONGEST_WAIT_SECONDS: Final = 60
"""An event waits longer only if no worker runs, or if each attempt fails."""


def check(examined: Examined) -> Iterator[Finding]:
    """Each part in a savepoint, so that one that fails or takes too long does not stop the next."""
    with examined.reading() as session:
        if not schema_version.is_current(session.connection()):
            yield found("schema_behind", expected=schema_version.newest())
            return  # the other parts read columns that may be missing
        for name, part in PARTS.items():
            try:
                with session.begin_nested():
                    findings = list(part(session, examined))
            except DBAPIError as failure:
                if failure.connection_invalidated:
                    raise
                yield found("check_failed", check=name, kind=getattr(failure.orig, "sqlstate", None) or "")
            else:
                yield from findings


def _clock(session: Session, _examined: Examined) -> Iterator[Finding]:
    database_time = session.scalars(text("SELECT clock_timestamp()")).one()
    yield from clocks.difference("database", database_time, datetime.now(UTC))


def _inbox(session: Session, _examined: Examined) -> Iterator[Finding]:
    waited_seconds = inbox.oldest_due_seconds(session) or 0
    if waited_seconds > LONGEST_WAIT_SECONDS:
        yield found("events_unprocessed", count=int(waited_seconds) // 60)
    if parked := count_parked(session):
        yield found("events_parked", count=parked)


Part = Callable[[Session, Examined], Iterable[Finding]]

PARTS: Final[Mapping[str, Part]] = {
    "clock": _clock,
    "inbox": _inbox,
    "processes": processes.check,
    "endpoints": endpoints.check,
    "payments": payments.check,
    "payouts": payouts.check,
    "links": links.check,
    "live_money": live_money.check,
}
