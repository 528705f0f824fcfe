"""The clock's routine for checkpoints of balances."""

import time
from typing import Final

import structlog
from sqlalchemy.exc import DataError

from app import db, ids
from app.errors import Unavailable
from app.ledger.checkpoints import ProgramDays
from app.ledger.recorded_time import balance_checkpoints, fences
from app.programs import programs
from worker import retries

ADVANCE_SECONDS: Final = 3
"""How long checkpoints may delay other routines at a time; the rest is made the next time."""

log = structlog.get_logger(__name__)


def advance() -> None:
    """Make checkpoints of the balances of all programs that need one.

    A program whose checkpoints cannot be made does not stop the others: it is logged, and tried again the next time.
    """
    stop_at = time.monotonic() + ADVANCE_SECONDS
    with db.transaction() as session:
        due = balance_checkpoints.due(session, programs.days_of_all(session))
    for program in due:
        if time.monotonic() > stop_at:
            return
        try:
            advance_program(program, stop_at)
        except (DataError, Unavailable) as failure:
            program_id = ids.encode(ids.PROGRAM, program.program_id)
            log.error("program_balances_failed", program_id=program_id, **retries.problem(failure))  # noqa: TRY400  (a traceback may show values)


def advance_program(program: ProgramDays, stop_at: float) -> None:
    """Make checkpoints of one program's balances up to now, step by step, until `stop_at` on the monotonic clock.

    Raises:
        Unavailable: no fence could be taken.
        DataError: a balance is too large to be stored.
    """
    with db.transaction() as session:
        fenced_at = fences.fence(session, program.organization_id, program.program_id)
    is_more = True
    while is_more and time.monotonic() <= stop_at:
        with db.transaction() as session:
            is_more = balance_checkpoints.advance(session, program, fenced_at)
