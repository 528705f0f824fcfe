"""Draining the inbox: claims a batch of events, processes and commits it; retries one by one what failed or crashed."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from app import db, jobs, metrics
from app.stripe_events import inbox
from app.stripe_events.inbox import MAX_ATTEMPTS, ClaimedEvent
from worker import retries
from worker.inbox import erased, pipeline
from worker.retries import FailureAction

BATCH_SIZE: Final = 500
WORKER_ENDED: Final = {"problem": "worker_ended"}

log = structlog.get_logger(__name__)

stop_requested = threading.Event()
"""Set when this process must end: the batch in progress is finished, and no other is begun."""


def work_slice(slice_seconds: float) -> bool:
    """Process batches until nothing is due or the time slice ends.

    Returns:
        True if more may be due, and a successor should be queued.
    """
    deadline = time.monotonic() + slice_seconds
    while work_batch():
        if stop_requested.is_set() or time.monotonic() > deadline:
            return True
    return False


def work_batch(limit: int = BATCH_SIZE) -> int:
    """Claim and process up to `limit` due events, and commit.

    Events that failed before, or that were in progress when a drain crashed, are processed one by one, and so is a
    batch that fails.

    Returns:
        How many events were claimed; 0 if nothing is due.
    """
    for _ in range(retries.AT_ONCE_TRIES):
        claimed: list[ClaimedEvent] = []
        try:
            return _process_claimed(limit, claimed)
        except Exception as failure:
            action = retries.action_after(failure)
            log.warning("batch_failed", size=len(claimed), action=action.name, **retries.problem(failure))
            jobs.clear_in_progress([event.id for event in claimed])
            if action is FailureAction.GIVE_UP:
                raise
            if action is not FailureAction.RETRY_NOW:
                break
    _process_one_by_one([event.id for event in claimed])
    return len(claimed)


def _process_claimed(limit: int, claimed: list[ClaimedEvent]) -> int:
    """Process a batch in one transaction, then one by one the events that failed before or crashed a drain.

    Fills `claimed`, so that the caller knows the events also if this raises.
    """
    started = time.monotonic()
    with db.transaction() as session:
        claimed += inbox.claim(session, limit)
        risky = _crashed_or_failed(claimed)
        claimed.sort(key=lambda event: (event.id in risky, event.attempts))
        batch = claimed[: len(claimed) - len(risky)]
        if len(claimed) == limit:
            jobs.wake(jobs.DRAIN)  # a backlog: other workers take a part of it
        event_ids = [event.id for event in batch]
        jobs.mark_in_progress(event_ids)
        outcomes = pipeline.work(session, batch)
    jobs.clear_in_progress(event_ids)
    for outcome in outcomes.values():
        metrics.events_processed(outcome.name)
    if batch:
        metrics.batch_worked(len(batch), time.monotonic() - started)
        log.info("batch_worked", size=len(batch), duration_ms=round((time.monotonic() - started) * 1000, 1))
    _process_one_by_one([event.id for event in claimed[len(batch) :]])
    return len(claimed)


def _crashed_or_failed(claimed: Sequence[ClaimedEvent]) -> set[int]:
    """Ids of the events that failed before, or were in progress when a drain crashed: they may fail a whole batch."""
    failed = {event.id for event in claimed if event.attempts}
    return failed.union(jobs.crashed_in_progress([event.id for event in claimed if not event.attempts]))


def _process_one_by_one(event_ids: Sequence[int]) -> None:
    """Process events one by one, each attempt counted before it is made."""
    for event_id in event_ids:
        attempts = _begin_attempt(event_id)
        if attempts is None:
            continue
        jobs.mark_in_progress([event_id])
        try:
            _attempt(event_id, attempts)
        except Exception as failure:  # noqa: BLE001  (any failure is stored with its event)
            _note(event_id, attempts, failure)
        finally:
            jobs.clear_in_progress([event_id])


def _begin_attempt(event_id: int) -> int | None:
    """Count an attempt and commit; None if another drain has the event, or if it is parked after its last attempt."""
    with db.transaction() as session:
        event = inbox.claim_one(session, event_id)
        if event is None:
            return None
        if event.attempts >= MAX_ATTEMPTS:
            inbox.store_failure(session, event_id, event.attempts, WORKER_ENDED, park=True)
            log.error("event_parked", stripe_event_id=event.stripe_id, **WORKER_ENDED)
            metrics.events_processed("parked")
            return None
        if event.may_name_erased:
            erased.without_erased(session, [event])  # committed here, so that it lasts if the attempt fails
        return inbox.count_attempt(session, event, now=datetime.now(UTC))


def _attempt(event_id: int, attempts: int) -> None:
    """Process one event in its own transaction; after a temporary failure again at once."""
    for remaining in reversed(range(retries.AT_ONCE_TRIES)):
        try:
            with db.transaction() as session:
                event = inbox.claim_one(session, event_id)
                if event is None or event.attempts != attempts:
                    return
                outcomes = pipeline.work(session, [event])
        except Exception as failure:
            if retries.action_after(failure) is not FailureAction.RETRY_NOW or remaining == 0:
                raise
        else:
            metrics.events_processed(outcomes[event_id].name)
            return


def _note(event_id: int, attempts: int, failure: Exception) -> None:
    action = retries.action_after(failure)
    if action is FailureAction.GIVE_UP:
        _uncount_attempt(event_id, attempts)
        raise failure
    problem = retries.problem(failure)
    park = action is FailureAction.PARK or attempts >= MAX_ATTEMPTS
    with db.transaction() as session:
        inbox.store_failure(session, event_id, attempts, problem, park=park)
    if park:
        metrics.events_processed("parked")
    log.error("event_parked" if park else "event_failed", event_id=event_id, attempts=attempts, **problem)


def _uncount_attempt(event_id: int, attempts: int) -> None:
    """Uncount one that failed because the database is unreachable; it stays counted if that cannot be written."""
    with suppress(DBAPIError), db.transaction() as session:
        inbox.uncount_attempt(session, event_id, attempts)
