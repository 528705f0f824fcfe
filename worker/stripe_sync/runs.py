"""Works on backfills, reconciliations and replays, a time slice each in turn, and handles their failures."""

import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from app import db
from app.errors import AccrualError, LeaseLost, StripeUnavailable
from app.stripe_sync import runs
from app.stripe_sync.runs import Run
from worker import retries
from worker.inbox import drain
from worker.stripe_sync import backfill, reconcile, replay

PAUSE_SECONDS: Final = 0.2
"""Pause before a step is tried again that has to wait for the drain."""

STEPS: Final[Mapping[str, Callable[[Run], Run | None]]] = {
    "backfill": backfill.step,
    "reconcile": reconcile.step,
    "replay": replay.step,
}
"""The step function of each kind: returns the run with its progress, or None if it has to wait."""

log = structlog.get_logger(__name__)


def work_slice(slice_seconds: float) -> bool:
    """Continue the next due run until it is done or the time slice ends.

    Returns:
        False if no run was due. True: there may be more, and a successor should be queued.
    """
    with db.transaction() as session:
        run = runs.claim(session)
    if run is None:
        return False
    log.info("run_claimed", run_id=str(run.id), kind=run.kind, phase=run.phase)
    try:
        run = _continue(run, time.monotonic() + slice_seconds)
        with db.transaction() as session:
            runs.end(session, run)
    except LeaseLost:
        log.info("run_lease_lost", run_id=str(run.id), kind=run.kind)
    except Exception as failure:  # noqa: BLE001  (the reason of any failure is stored in the run)
        _store_failure(run, failure)
    else:
        log.info("run_finished" if run.is_done else "run_paused", run_id=str(run.id), kind=run.kind, **run.counts)
    return True


def _continue(run: Run, deadline: float) -> Run:
    while not run.is_done and time.monotonic() < deadline and not drain.stop_requested.is_set():
        progressed = STEPS[run.kind](run)
        if progressed is None:
            time.sleep(PAUSE_SECONDS)
        else:
            run = progressed
    return run


def _store_failure(run: Run, failure: Exception) -> None:
    """Store why a run failed, and whether it is retried later. Raises the failure if nothing can be stored."""
    if retries.action_after(failure) is retries.FailureAction.GIVE_UP:
        raise failure
    problem = retries.problem(failure)
    for_good = isinstance(failure, AccrualError) and not isinstance(failure, StripeUnavailable)
    log.error("run_failed", run_id=str(run.id), kind=run.kind, for_good=for_good, **problem)
    try:
        with db.transaction() as session:
            runs.fail(session, run, problem, for_good=for_good)
    except LeaseLost:
        return
