"""The clock's routine that closes months."""

import random
import time
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError

from app import db, ids
from app.errors import LedgerError, Unavailable
from app.statements import closing, periods
from app.statements.periods import Period
from worker import retries

CLOSE_SECONDS: Final = 10
"""How long closing may delay other routines at a time; the rest is closed the next time."""

log = structlog.get_logger(__name__)


def close_due(seconds: float = CLOSE_SECONDS) -> None:
    """Close months that are over, each program's oldest first: at least one, and further ones until the time is over.

    A program whose month cannot be closed does not stop the others: it is logged, and tried again the next time. The
    programs take turns by chance, so that one that takes long each time keeps none from its turn for ever.
    """
    stop_at = time.monotonic() + seconds
    failed: set[UUID] = set()
    while due := _due(failed):
        for period in random.sample(due, len(due)):
            if not _close(period):
                failed.add(period.program_id)
            if time.monotonic() >= stop_at:
                return


def _due(failed: set[UUID]) -> list[Period]:
    """The first month of each program that is over and not closed, without programs that failed."""
    with db.transaction() as session:
        return [period for period in periods.load_due(session) if period.program_id not in failed]


def _close(period: Period) -> bool:
    """Close one month; returns whether that was possible."""
    program = {"program_id": ids.encode(ids.PROGRAM, period.program_id), "month": period.month.isoformat()}
    try:
        count = closing.close_fenced(db.transaction, period)
    except (DataError, LedgerError, Unavailable) as failure:
        log.error("month_not_closed", **program, **retries.problem(failure))  # noqa: TRY400  (a traceback may show values)
        return False
    if count is not None:
        log.info("month_closed", **program, statements=count)
    return True
