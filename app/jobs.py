"""The queue: job names, and the calls that put one there. The only module of `app` that imports rq.

The queue carries wake-ups, not events: what there is to do stands in the inbox. So a lost job loses nothing but the
seconds until the sweeper, and a second job for the same work finds nothing to do.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE: Final = "accrual"
STRIPE_QUEUE: Final = "accrual-stripe"
"""For whatever asks Stripe or a mail server: it has a process of its own, so that none ever keeps a drain waiting."""
LOOK_UPS: Final = "worker.jobs.look_up"
DRAIN: Final = "worker.jobs.drain"
RUNS: Final = "worker.jobs.work_runs"
MAILS: Final = "worker.jobs.send_mails"

CALL_TIMEOUT_SECONDS: Final = 0.1
"""A request never waits longer for one Redis call."""
REST_SECONDS: Final = 1.0
"""After a failed call Redis is left alone this long, so that load does not queue up behind its time-outs."""
DRAIN_TIMEOUT_SECONDS: Final = 120
FLAG: Final = "accrual:drain-queued"
FLAG_SECONDS: Final = 10
RUNS_FLAG: Final = "accrual:runs-queued"
RUNS_TIMEOUT_SECONDS: Final = 600
"""One slice of a run, waiting for Stripe included."""
MAILS_FLAG: Final = "accrual:mails-queued"
MAILS_TIMEOUT_SECONDS: Final = 600
LOOK_UPS_FLAG: Final = "accrual:lookups-queued"
LOOK_UPS_TIMEOUT_SECONDS: Final = 600
SUSPECTS: Final = "accrual:being-worked"


Call = Callable[[redis.Redis], object]
_held: ContextVar[dict[Call, None] | None] = ContextVar("held", default=None)


class _Current:
    """The queues of this process, set once by `connect`."""

    client: redis.Redis | None = None
    queue: Queue | None = None
    stripe_queue: Queue | None = None
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
    _Current.queue = Queue(QUEUE, connection=client, serializer=JSONSerializer)
    _Current.stripe_queue = Queue(STRIPE_QUEUE, connection=client, serializer=JSONSerializer)
    _Current.resting_until = 0.0
    return client


@contextmanager
def held() -> Iterator[None]:
    """Inside, waking waits for the end of the block, after the commit of a transaction begun in it.

    An exception drops it: what it was for has not happened.
    """
    later: dict[Call, None] = {}
    token = _held.set(later)
    try:
        yield
    finally:
        _held.reset(token)
    for call in later:
        _ask(call)


def wake() -> bool:
    """Queue a drain unless one is queued already. Call after the commit that made work due.

    Returns:
        False if Redis could not be asked; then the sweeper finds the work.
    """
    return _wake(_queue_drain_once)


def sweep() -> bool:
    """Queue a drain without looking at the flag, whose job may have been lost. False if Redis could not be asked."""
    return _ask(_queue_drain)


def wake_runs() -> bool:
    """Queue work on backfills, reconciliations and replays unless some is queued already; as `wake`."""
    return _wake(_queue_runs_once)


def lower_runs_flag() -> None:
    """Say that no work on runs is queued any more; whoever works them does so before it looks for one."""
    _ask(lambda client: client.delete(RUNS_FLAG))


def wake_lookups() -> bool:
    """Queue work on look-ups unless some is queued already; as `wake`."""
    return _wake(_queue_lookups_once)


def lower_lookups_flag() -> None:
    """Say that no work on look-ups is queued any more; whoever works them does so before looking for one."""
    _ask(lambda client: client.delete(LOOK_UPS_FLAG))


def wake_mails() -> bool:
    """Queue the sending of mails unless some is queued already; as `wake`."""
    return _ask(_queue_mails_once)


def lower_mails_flag() -> None:
    """Say that no sending of mails is queued any more; whoever sends does so before looking for some."""
    _ask(lambda client: client.delete(MAILS_FLAG))


def lower_flag() -> None:
    """Say that no drain is queued any more; a drain does so before it looks into the inbox."""
    _ask(lambda client: client.delete(FLAG))


def suspects(event_ids: list[int]) -> list[int]:
    """Those of `event_ids` that a drain was working on when it died.

    The caller holds their rows, so nobody alive is working on them.
    """
    found: list[int] = []

    def ask(client: redis.Redis) -> None:
        marks = client.smismember(SUSPECTS, event_ids)
        found.extend(event_id for event_id, marked in zip(event_ids, marks, strict=True) if marked)

    if event_ids:
        _ask(ask)
    return found


def leave_word(event_ids: list[int]) -> None:
    """Leave the ids of the events being worked on, for whoever comes after a death."""
    if event_ids:
        _ask(lambda client: client.sadd(SUSPECTS, *event_ids))


def take_back_word(event_ids: list[int]) -> None:
    """The events were survived."""
    if event_ids:
        _ask(lambda client: client.srem(SUSPECTS, *event_ids))


def is_reachable() -> bool:
    """Whether Redis answers."""
    return _ask(lambda client: client.ping())


def _queue_drain_once(client: redis.Redis) -> None:
    if client.set(FLAG, "1", nx=True, ex=FLAG_SECONDS):
        _queue_drain(client)


def _queue_drain(_client: redis.Redis) -> None:
    assert _Current.queue is not None
    _Current.queue.enqueue_call(DRAIN, timeout=DRAIN_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=3600)


def _queue_lookups_once(client: redis.Redis) -> None:
    assert _Current.stripe_queue is not None
    if client.set(LOOK_UPS_FLAG, "1", nx=True, ex=FLAG_SECONDS):
        _Current.stripe_queue.enqueue_call(LOOK_UPS, timeout=LOOK_UPS_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=3600)


def _queue_mails_once(client: redis.Redis) -> None:
    assert _Current.stripe_queue is not None
    if client.set(MAILS_FLAG, "1", nx=True, ex=FLAG_SECONDS):
        _Current.stripe_queue.enqueue_call(MAILS, timeout=MAILS_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=3600)


def _queue_runs_once(client: redis.Redis) -> None:
    assert _Current.stripe_queue is not None
    if client.set(RUNS_FLAG, "1", nx=True, ex=FLAG_SECONDS):
        _Current.stripe_queue.enqueue_call(RUNS, timeout=RUNS_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=3600)


def _wake(call: Call) -> bool:
    later = _held.get()
    if later is None:
        return _ask(call)
    later[call] = None
    return True


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
