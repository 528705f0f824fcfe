"""Works on imports, a batch in each transaction: a killed worker loses a batch, and another continues."""

import time
from typing import Final
from uuid import UUID

import structlog

from app import db, ids, jobs
from app.transfer.imports.working import job
from app.transfer.imports.working.job import OpenFile
from worker import retries
from worker.inbox import drain

log = structlog.get_logger(__name__)

MOST_AT_ONCE: Final = 3
"""How often a batch is tried again at once, after a deadlock for example."""


def work_slice(slice_seconds: float) -> bool:
    """Work on due imports until none is due or the time slice ends. Returns whether more may be due."""
    deadline = time.monotonic() + slice_seconds
    opened = OpenFile()
    while time.monotonic() < deadline and not drain.stop_requested.is_set():
        if not _work_next(opened):
            return False
    return True


def sweep() -> None:
    """Queue the job if an import is due, because a wake-up was lost or a batch failed."""
    with db.transaction() as session:
        is_due = job.is_due(session)
    if is_due:
        jobs.wake(jobs.IMPORTS)


def _work_next(opened: OpenFile) -> bool:
    """Work on one batch of the next due import; False if none is due. A batch that fails is tried again later."""
    import_id: UUID | None = None
    for remaining in reversed(range(MOST_AT_ONCE)):
        try:
            with db.transaction() as session:
                claimed = job.claim(session)
                if claimed is None:
                    return False
                import_id = claimed.id
                job.work_batch(session, claimed, opened)
        except Exception as failure:  # noqa: BLE001  (an import that fails must not stop the others)
            if retries.action_after(failure) is retries.FailureAction.RETRY_NOW and remaining:
                continue
            _postpone(import_id, failure)
        return True
    raise AssertionError("a try ends the loop")


def _postpone(import_id: UUID | None, failure: Exception) -> None:
    """Make an import due again after a wait. Raises the failure if that cannot be stored, or none was claimed."""
    if import_id is None or retries.action_after(failure) is retries.FailureAction.GIVE_UP:
        raise failure
    problem = retries.problem(failure)
    log.error("import_failed", import_id=ids.encode(ids.IMPORT, import_id), **problem)
    with db.transaction() as session:
        job.postpone(session, import_id, problem)
