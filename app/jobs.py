"""The queue: job names, and the calls that put one there. The only module of `app` that imports rq.

The queue carries wake-ups, not events: what there is to do stands in the inbox. So a lost job loses nothing but the
seconds until the sweeper, and a second job for the same work finds nothing to do.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE: Final = "accrual"
STRIPE_QUEUE: Final = "accrual-stripe"
"""For jobs that ask Stripe or a mail server: it has a process of its own, so that none ever keeps a drain waiting."""
DRAIN: Final = "worker.jobs.drain"
RUNS: Final = "worker.jobs.work_runs"
MAILS: Final = "worker.jobs.send_mails"
LOOK_UPS: Final = "worker.jobs.look_up"

CALL_TIMEOUT_SECONDS: Final = 0.1
"""A request never waits longer for one Redis call."""
REST_SECONDS: Final = 1.0
"""After a failed call Redis is left alone this long, so that load does not queue up behind its time-outs."""
FLAG: Final = "accrual:drain-queued"
FLAG_SECONDS: Final = 10
RUNS_FLAG: Final = "accrual:runs-queued"
MAILS_FLAG: Final = "accrual:mails-queued"
LOOK_UPS_FLAG: Final = "accrual:lookups-queued"
IN_PROGRESS: Final = "accrual:being-worked"


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job that may stand in a queue. It takes no arguments; one slice of it takes `timeout_seconds` at most."""

    name: str
    queue: str
    flag: str
    timeout_seconds: int


KNOWN: Final[Mapping[str, KnownJob]] = {
    job.name: job
    for job in (
        KnownJob(DRAIN, QUEUE, FLAG, timeout_seconds=120),
        KnownJob(RUNS, STRIPE_QUEUE, RUNS_FLAG, timeout_seconds=600),
        KnownJob(MAILS, STRIPE_QUEUE, MAILS_FLAG, timeout_seconds=600),
        KnownJob(LOOK_UPS, STRIPE_QUEUE, LOOK_UPS_FLAG, timeout_seconds=600),
    )
}
"""Every job there is. Workers refuse anything else that stands in a queue."""


Call = Callable[[redis.Redis], object]
_held: ContextVar[dict[str, None] | None] = ContextVar("held", default=None)


class _Current:
    """The queues of this process, set once by `connect`."""

    client: redis.Redis | None = None
    queues: ClassVar[dict[str, Queue]] = {}
    resting_until: float = 0.0


def connect(redis_url: str) -> redis.Redis:
    """Use the Redis at `redis_url` from now on. Nothing is asked of it yet."""
    client = redis.Redis.from_url(
        redis_url,
        socket_timeout=CALL_TIMEOUT_SECONDS,
        socket_connect_timeout=CALL_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),  # the library would try three more times, each with its own time-out
    )
    _Current.client = client
    for name in (QUEUE, STRIPE_QUEUE):
        _Current.queues[name] = Queue(name, connection=client, serializer=JSONSerializer)
    _Current.resting_until = 0.0
    return client


@contextmanager
def held() -> Iterator[None]:
    """Inside, waking waits for the end of the block, after the commit of a transaction begun in it.

    An exception drops it: what it was for has not happened.
    """
    later: dict[str, None] = {}
    token = _held.set(later)
    try:
        yield
    finally:
        _held.reset(token)
    for name in later:
        _queue_once(name)


def wake() -> bool:
    """Queue a drain unless one is queued already. Call after the commit that made work due.

    Returns:
        False if Redis could not be asked; then the sweeper finds the work.
    """
    return _wake(DRAIN)


def sweep() -> bool:
    """Queue a drain without looking at the flag, whose job may have been lost. False if Redis could not be asked."""
    return _ask(lambda _client: _queue(DRAIN))


def wake_runs() -> bool:
    """Queue work on backfills, reconciliations and replays unless some is queued already; as `wake`."""
    return _wake(RUNS)


def lower_runs_flag() -> None:
    """Say that no work on runs is queued any more; whoever works them does so before it looks for one."""
    _ask(lambda client: client.delete(RUNS_FLAG))


def wake_lookups() -> bool:
    """Queue work on look-ups unless some is queued already; as `wake`."""
    return _wake(LOOK_UPS)


def lower_lookups_flag() -> None:
    """Say that no work on look-ups is queued any more; whoever works them does so before looking for one."""
    _ask(lambda client: client.delete(LOOK_UPS_FLAG))


def wake_mails() -> bool:
    """Queue the sending of mails unless some is queued already; as `wake`."""
    return _wake(MAILS)


def lower_mails_flag() -> None:
    """Say that no sending of mails is queued any more; whoever sends does so before looking for some."""
    _ask(lambda client: client.delete(MAILS_FLAG))


def lower_flag() -> None:
    """Say that no drain is queued any more; a drain does so before it looks into the inbox."""
    _ask(lambda client: client.delete(FLAG))


def crashed_in_progress(event_ids: list[int]) -> list[int]:
    """Those of `event_ids` that were in progress when a drain crashed.

    The caller holds their rows, so nobody alive is working on them.
    """
    found: list[int] = []

    def ask(client: redis.Redis) -> None:
        marks = client.smismember(IN_PROGRESS, event_ids)
        found.extend(event_id for event_id, marked in zip(event_ids, marks, strict=True) if marked)

    if event_ids:
        _ask(ask)
    return found


def mark_in_progress(event_ids: list[int]) -> None:
    """Store the ids of the events in progress, so that they are known after a crash."""
    if event_ids:
        _ask(lambda client: client.sadd(IN_PROGRESS, *event_ids))


def clear_in_progress(event_ids: list[int]) -> None:
    """Clear the mark: the events did not crash the worker."""
    if event_ids:
        _ask(lambda client: client.srem(IN_PROGRESS, *event_ids))


def is_reachable() -> bool:
    """Whether Redis answers."""
    return _ask(lambda client: client.ping())


def _wake(name: str) -> bool:
    later = _held.get()
    if later is None:
        return _queue_once(name)
    later[name] = None
    return True


def _queue_once(name: str) -> bool:
    def queue_unless_flagged(client: redis.Redis) -> None:
        if client.set(KNOWN[name].flag, "1", nx=True, ex=FLAG_SECONDS):
            _queue(name)

    return _ask(queue_unless_flagged)


def _queue(name: str) -> None:
    job = KNOWN[name]
    _Current.queues[job.queue].enqueue_call(name, timeout=job.timeout_seconds, result_ttl=0)


def _ask(call: Call) -> bool:
    if _Current.client is None:
        raise RuntimeError("app.jobs.connect has not been called in this process")
    if time.monotonic() < _Current.resting_until:
        return False
    try:
        call(_Current.client)
    except redis.RedisError:
        _Current.resting_until = time.monotonic() + REST_SECONDS
        return False
    return True
