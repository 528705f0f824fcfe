"""Fences: times that nothing is recorded at or before any more.

Posting takes a shared lock of the program, reads the clock, and holds the lock until its transaction ends. A fence
takes the same lock exclusively for an instant and reads the clock: by then everything recorded earlier is committed,
and whatever is recorded afterwards is later. So what was true at a time up to the fence never changes.
"""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.errors import InvalidRequest, Unavailable
from app.views import instant_text

ATTEMPTS: Final = 40
ATTEMPT_MS: Final = 200
"""How long one attempt waits, and posting behind it: less than `deadlock_timeout` (1 s), so that no deadlock is
found."""
PAUSE_SECONDS: Final = 0.05
"""About how long posting goes ahead between two attempts."""
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
"""Later than anything recorded."""
Begin = Callable[[], AbstractContextManager[Session]]
"""Begins a transaction that ends with the block."""
_LOCK_NOT_AVAILABLE: Final = "55P03"

_LOCK = text("SELECT pg_advisory_xact_lock(recording_lock(:program_id))")

_FENCE = text("""
    INSERT INTO ledger_fences (program_id, organization_id, fenced_at, below)
    VALUES (:program_id, :organization_id, recording_clock(), pg_snapshot_xmin(pg_current_snapshot()))
    ON CONFLICT (program_id) DO UPDATE
    SET fenced_at = greatest(ledger_fences.fenced_at, excluded.fenced_at),
        below = CASE WHEN excluded.fenced_at > ledger_fences.fenced_at
                     THEN excluded.below ELSE ledger_fences.below END
    RETURNING fenced_at
""")

_FENCED = text("SELECT fenced_at FROM ledger_fences WHERE program_id = :program_id")


def fence(session: Session, organization_id: UUID, program_id: UUID) -> datetime:
    """Take a fence of a program: everything recorded at or before the returned time is committed, and stays all of it.

    Args:
        session: a transaction of its own, to be committed at once: until then no entry of the program can be posted.
        organization_id: the program's owner.
        program_id: which program.

    Raises:
        Unavailable: posting left no gap in some ten seconds.
    """
    for _ in range(ATTEMPTS):
        if _locks(session, program_id):
            values = {"program_id": program_id, "organization_id": organization_id}
            fenced_at: datetime = session.execute(_FENCE, values).scalar_one()
            return fenced_at
        time.sleep(PAUSE_SECONDS * (0.5 + random.random()))  # noqa: S311  (spreads attempts, protects nothing)
    raise Unavailable("Entries of this program are being recorded without a pause; try again.")


def end_of_recorded(begin: Begin, organization_id: UUID, program_id: UUID, at: datetime | None) -> datetime:
    """The time before which exactly those entries are recorded that were recorded at or before `at`, for ever.

    Args:
        begin: begins transactions that may write what belongs to the program's owner.
        organization_id: the program's owner.
        program_id: which program.
        at: any time up to now; None: everything recorded so far.

    Raises:
        InvalidRequest: `at` is in the future.
        Unavailable: no fence could be taken.

    Effects: takes a fence, in a transaction of its own, if `at` is later than the last one.
    """
    with begin() as session:
        before = end_if_fenced(session, program_id, at)
    if before is not None:
        return before
    with begin() as session:
        fence(session, organization_id, program_id)
        before = end_if_fenced(session, program_id, at)
    if before is None:
        message = (
            f"at {instant_text(at or END_OF_TIME)} is in the future; give a time up to now, or leave it out for now"
        )
        raise InvalidRequest(message, param="at")
    return before


def end_if_fenced(session: Session, program_id: UUID, at: datetime | None) -> datetime | None:
    """As `end_of_recorded`, without taking a fence: None if `at` is later than the program's last one."""
    if at is None:
        return END_OF_TIME
    fenced_at = session.scalar(_FENCED, {"program_id": program_id})
    return None if fenced_at is None or fenced_at < at else at + timedelta(microseconds=1)


def _locks(session: Session, program_id: UUID) -> bool:
    """Whether the program's exclusive lock was had within `ATTEMPT_MS`."""
    session.execute(text(f"SET LOCAL lock_timeout = '{ATTEMPT_MS}ms'"))
    try:
        with session.begin_nested():
            session.execute(_LOCK, {"program_id": program_id})
    except OperationalError as failure:
        if getattr(failure.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    finally:
        session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    return True
