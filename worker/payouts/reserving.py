"""Reserves the payouts of runs, a batch in each transaction: a killed worker loses a batch, and another continues."""

import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from app import db, ids, jobs, sealing
from app.commissions.settling.settlement import Cause
from app.payouts.files import making
from app.payouts.reserving import reservation
from worker import retries
from worker.inbox import drain

log = structlog.get_logger(__name__)

MOST_AT_ONCE: Final = 3
"""How often a batch is tried again at once, after a deadlock with a drain for example."""


def work_slice(slice_seconds: float) -> bool:
    """Reserve batches of due runs until none is due or the time slice ends. Returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    while time.monotonic() < deadline and not drain.stop_requested.is_set():
        if not _reserve_next():
            return False
    return True


def sweep() -> None:
    """Queue the job if a run is due, because a wake-up was lost or a batch failed."""
    with db.transaction() as session:
        is_due = reservation.is_due(session, is_on=_is_on())
    if is_due:
        jobs.wake(jobs.PAYOUT_RUNS)


def _is_on() -> bool:
    """Whether payouts are switched on. While they are off, a run that was begun waits; files are still made again."""
    return sealing.of_process().payouts_live


def _reserve_next() -> bool:
    """Reserve one batch of the next due run; False if none is due. A batch that fails is tried again later."""
    run_id: UUID | None = None
    for remaining in reversed(range(MOST_AT_ONCE)):
        try:
            with db.transaction() as session:
                run = reservation.claim(session) if _is_on() else None
                if run is not None:
                    run_id = run.id
                    reservation.reserve_batch(session, run)
                elif (run := making.claim(session)) is not None:
                    run_id = run.id
                    making.make_next(session, run, Cause(reservation.CAUSE, datetime.now(UTC)))
                else:
                    return False
        except Exception as failure:  # noqa: BLE001  (a run that fails must not stop the others)
            if retries.action_after(failure) is retries.FailureAction.RETRY_NOW and remaining:
                continue
            _postpone(run_id, failure)
        return True
    raise AssertionError("a try ends the loop")


def _postpone(run_id: UUID | None, failure: Exception) -> None:
    """Make a run due again after a wait. Raises the failure if that cannot be stored, or no run was claimed."""
    if run_id is None or retries.action_after(failure) is retries.FailureAction.GIVE_UP:
        raise failure
    problem = retries.problem(failure)
    log.error("payout_run_failed", run_id=ids.encode(ids.PAYOUT_RUN, run_id), **problem)
    with db.transaction() as session:
        reservation.postpone(session, run_id)
