"""The clock's routine that closes months."""

import time
from typing import Final

import structlog
from sqlalchemy.exc import DataError

from app import db, ids
from app.errors import LedgerError, Unavailable
from app.ledger import balance_checkpoints, fences
from app.statements import closing, periods
from app.statements.periods import Period
from worker import retries

CLOSE_SECONDS: Final = 10
"""How long closing may delay other routines at a time; the rest is closed the next time."""

log = structlog.get_logger(__name__)


def close_due() -> None:
    """Close every month that is over, oldest first, program by program.

    A program whose month cannot be closed does not stop the others: it is logged, and tried again the next time.
    """
    stop_at = time.monotonic() + CLOSE_SECONDS
    failed: set[object] = set()
    while time.monotonic() < stop_at:
        with db.transaction() as session:
            due = [period for period in periods.load_due(session) if period.program_id not in failed]
        if not due:
            return
        failed |= {period.program_id for period in due if not _close(period)}


def _close(period: Period) -> bool:
    """Close one month; returns whether that was possible."""
    program = {"program_id": ids.encode(ids.PROGRAM, period.program_id), "month": period.month.isoformat()}
    try:
        with db.transaction() as session:
            fenced_at = fences.fence(session, period.organization_id, period.program_id)
        is_more = True
        while is_more:
            with db.transaction() as session:
                is_more = balance_checkpoints.advance(session, period.days, fenced_at)
        with db.transaction() as session:
            count = closing.close(session, period, fenced_at)
    except (DataError, LedgerError, Unavailable) as failure:
        log.error("month_not_closed", **program, **retries.problem(failure))  # noqa: TRY400  (a traceback may show values)
        return False
    if count is not None:
        log.info("month_closed", **program, statements=count)
    return True
