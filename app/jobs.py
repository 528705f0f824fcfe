"""The queue: a table of jobs, and the calls that put one there. The only module of `app` that imports rq.

The queue carries wake-ups, not events: the work itself is in the database. So a lost job costs only the seconds until
the clock queues another, and a second job for the same work finds nothing to do.
"""

import atexit
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, Final

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker_registration import get_keys
from sqlalchemy import event
from sqlalchemy.orm import Session

from app import redis_client
from app.immutable import immutable

QUEUE: Final = "accrual"
STRIPE_QUEUE: Final = "accrual-stripe"
"""The queue for jobs that call Stripe or a mail server; a separate process runs them, so that they delay no drain."""
OUTBOUND_QUEUE: Final = "accrual-outbound"
"""The queue for sending webhooks: servers of others may be slow, so nothing else waits for them."""
ARCHIVES_QUEUE: Final = "accrual-archives"
"""The queue for exports and imports: one may take an hour, so nothing else waits for them."""
FLAG_SECONDS: Final = 10
PAUSE_SECONDS: Final = 0.01
"""Between two calls of the waker to Redis: in a burst hundreds of deliveries a second are one call."""
IN_PROGRESS: Final = "accrual:being-worked"
_WAKES: Final = "wakes"
"""In `Session.info`: the jobs that a commit wakes."""


@immutable
class Job:
    """A job that may be queued.

    Attributes:
        name: its name in logs.
        queue: the name of its queue.
        function: the dotted name of the function a worker calls with the seconds it may work; it returns whether more
            work may be due.
        flag: the key in Redis that is set while the job is queued.
        timeout_seconds: its maximum duration.
    """

    name: str
    queue: str
    function: str
    flag: str
    timeout_seconds: int


DRAIN: Final = Job("drain", QUEUE, "worker.inbox.drain.work_slice", "accrual:drain-queued", 120)
RUNS: Final = Job("runs", STRIPE_QUEUE, "worker.stripe_sync.runs.work_slice", "accrual:runs-queued", 600)
MAILS: Final = Job("mails", STRIPE_QUEUE, "worker.mail.sender.work_slice", "accrual:mails-queued", 600)
PAYOUT_RUNS: Final = Job(
    "payout_runs", STRIPE_QUEUE, "worker.payouts.reserving.work_slice", "accrual:payout-runs-queued", 600
)
LOOK_UPS: Final = Job("look_ups", STRIPE_QUEUE, "worker.stripe_sync.lookups.work_slice", "accrual:lookups-queued", 600)
TRANSFERS: Final = Job(
    "transfers", STRIPE_QUEUE, "worker.payouts.transfers.work_slice", "accrual:transfers-queued", 600
)
ACCOUNTS: Final = Job("accounts", STRIPE_QUEUE, "worker.payouts.accounts.work_slice", "accrual:accounts-queued", 600)
EXPORTS: Final = Job("exports", ARCHIVES_QUEUE, "worker.transfer.exports.work_slice", "accrual:exports-queued", 3600)
IMPORTS: Final = Job("imports", ARCHIVES_QUEUE, "worker.transfer.imports.work_slice", "accrual:imports-queued", 3600)
PROMOTION_CODES: Final = Job(
    "promotion_codes",
    STRIPE_QUEUE,
    "worker.stripe_sync.promotion_codes.work_slice",
    "accrual:promotion-codes-queued",
    600,
)
OUTBOUND: Final = Job("outbound", OUTBOUND_QUEUE, "worker.outbound.sender.work_slice", "accrual:outbound-queued", 600)

KNOWN: Final[Mapping[str, Job]] = {
    job.function: job
    for job in (
        *(DRAIN, RUNS, MAILS, LOOK_UPS, ACCOUNTS, TRANSFERS, PAYOUT_RUNS, EXPORTS, IMPORTS, PROMOTION_CODES),
        OUTBOUND,
    )
}
"""Every job there is, by its function. Workers refuse anything else that is in a queue."""


_delayed: ContextVar[dict[Job, None] | None] = ContextVar("delayed_wakes", default=None)


class _Waker:
    """A thread that queues jobs for others; it starts with the first job it is given."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jobs: dict[Job, None] = {}
        self._is_busy = False
        self._thread: threading.Thread | None = None

    def wake(self, job: Job) -> None:
        """Let the thread queue `job`; does nothing if the thread has it on its list."""
        with self._changed:
            if job in self._jobs:
                return
            self._jobs[job] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Return after all jobs given so far were queued."""
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs and not self._is_busy)

    def _run(self) -> None:
        try:
            while True:
                self._pass_on()
        finally:  # the next job starts another thread
            with self._changed:
                self._thread, self._is_busy = None, False
                self._changed.notify_all()

    def _pass_on(self) -> None:
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._jobs)
            jobs, self._jobs, self._is_busy = self._jobs, {}, True
        # Removed before the call to Redis, so that work that becomes due from now on makes another call.
        for job in jobs:
            _queue_once(job)
        time.sleep(PAUSE_SECONDS)


class _Current:
    """The queues of this process, set once by `connect`."""

    client: redis.Redis | None = None
    queues: ClassVar[dict[str, Queue]] = {}
    waker = _Waker()


def _forget_parents_thread() -> None:
    _Current.waker = _Waker()


def connect(redis_url: str) -> redis.Redis:
    """Use the Redis at `redis_url` from now on. Does not contact it yet."""
    flush()
    client = redis.Redis.from_url(redis_url, **redis_client.options())
    _Current.client = client
    for name in (QUEUE, STRIPE_QUEUE, OUTBOUND_QUEUE, ARCHIVES_QUEUE):
        _Current.queues[name] = Queue(name, connection=client, serializer=JSONSerializer)
    redis_client.reset()
    return client


@contextmanager
def wakes_delayed() -> Iterator[None]:
    """Delay `wake` to the end of the block, after the commit of a transaction inside it.

    After an exception nothing is queued, since the transaction was rolled back.
    """
    later: dict[Job, None] = {}
    token = _delayed.set(later)
    try:
        yield
    finally:
        _delayed.reset(token)
    for job in later:
        _queue_once(job)


def wake(job: Job) -> bool:
    """Queue `job` unless one is queued already. Call after the commit that made work due.

    Returns:
        False if Redis is unavailable; then the clock finds the work.
    """
    later = _delayed.get()
    if later is None:
        return _queue_once(job)
    later[job] = None
    return True


def wake_soon(job: Job) -> None:
    """As `wake`, by a thread of this process, so that the caller does not wait for Redis.

    Calls during a call to Redis are combined into the next one. If the process is killed, the clock finds the work.
    """
    _Current.waker.wake(job)


def wake_after_commit(session: Session, job: Job) -> None:
    """As `wake_soon`, once the transaction of `session` is committed. The release of a savepoint is no commit."""
    session.info.setdefault(_WAKES, {})[job] = None
    event.listen(session, "after_commit", _wake_what_became_due)


def _wake_what_became_due(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for job in session.info.pop(_WAKES, ()):
        wake_soon(job)


def flush() -> None:
    """Return after every earlier `wake_soon` was queued; a process calls it before it ends."""
    _Current.waker.flush()


def sweep(job: Job) -> bool:
    """Queue `job` without looking at its flag, since a queued one may have been lost. False if Redis is unavailable."""
    return redis_client.succeeds(_Current.client, lambda _client: _queue(job))


def clear_flag(job: Job) -> None:
    """Remove the flag that `job` is queued. A worker does so before it looks for work."""
    redis_client.succeeds(_Current.client, lambda client: client.delete(job.flag))


def crashed_in_progress(event_ids: list[int]) -> list[int]:
    """Those of `event_ids` that were in progress when a drain crashed.

    The caller has locked their rows, so no other process is working on them.
    """
    crashed: list[int] = []

    def read_marks(client: redis.Redis) -> None:
        marks = client.smismember(IN_PROGRESS, event_ids)
        crashed.extend(event_id for event_id, marked in zip(event_ids, marks, strict=True) if marked)

    if event_ids:
        redis_client.succeeds(_Current.client, read_marks)
    return crashed


def mark_in_progress(event_ids: list[int]) -> None:
    """Store the ids of the events in progress, so that they are known after a crash."""
    if event_ids:
        redis_client.succeeds(_Current.client, lambda client: client.sadd(IN_PROGRESS, *event_ids))


def clear_in_progress(event_ids: list[int]) -> None:
    """Remove the marks of events that did not crash the worker."""
    if event_ids:
        redis_client.succeeds(_Current.client, lambda client: client.srem(IN_PROGRESS, *event_ids))


def is_reachable() -> bool:
    """Whether Redis answers."""
    return redis_client.succeeds(_Current.client, lambda client: client.ping())


def has_process(queue: str) -> bool | None:
    """Whether a process works on this queue; None if Redis is unavailable. One that was killed counts for minutes."""
    found: list[bool] = []

    def look(client: redis.Redis) -> None:
        registered = get_keys(_Current.queues[queue])
        found.append(bool(registered) and bool(client.exists(*registered)))

    return found[0] if redis_client.succeeds(_Current.client, look) else None


def _queue_once(job: Job) -> bool:
    def queue_unless_flagged(client: redis.Redis) -> None:
        if client.set(job.flag, "1", nx=True, ex=FLAG_SECONDS):
            _queue(job)

    return redis_client.succeeds(_Current.client, queue_unless_flagged)


def _queue(job: Job) -> None:
    _Current.queues[job.queue].enqueue_call(job.function, timeout=job.timeout_seconds, result_ttl=0)


os.register_at_fork(after_in_child=_forget_parents_thread)
atexit.register(flush)
