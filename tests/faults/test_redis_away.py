"""Redis is down, hangs, or has forgotten everything: every event is taken in, and all of it settles by itself."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app import jobs, metrics, redis_client
from app.config import Settings
from app.organizations import request_limits
from tests.conftest import Deliver, Drain, Tally
from tests.properties.orders import Copy
from tests.waiting import eventually

from .conftest import PostingsLock, Valkey
from .delivery import Post
from .processes import Staff
from .stories import assert_processed_once, customers, events_of, is_settled, is_settled_by_the_clock

SENDERS = 3
QUEUE_KEY = f"rq:queue:{jobs.QUEUE}"


def kill(valkey: Valkey) -> None:
    valkey.crash()


def hang(valkey: Valkey) -> None:
    valkey.suspend()


def bring_back(valkey: Valkey) -> None:
    if valkey.is_running():
        valkey.resume()
    else:
        valkey.start()


@pytest.mark.parametrize("take_away", [kill, hang], ids=["killed", "hanging"])
def test_under_load_every_event_is_taken_in_and_all_settle_once_redis_is_back(
    post: Post, staff: Staff, valkey: Valkey, tally: Tally, take_away: Callable[[Valkey], None]
) -> None:
    workers = [staff.worker(), staff.worker()]
    staff.clock()
    before, during, after = customers(4), customers(16), customers(4)
    with ThreadPoolExecutor(SENDERS) as senders:

        def send(copies: Sequence[Copy]) -> list[float]:
            answers = [answer for story in senders.map(post.all, [copy.events for copy in copies]) for answer in story]
            assert {status for status, _ in answers} == {200}
            return [seconds for _, seconds in answers]

        send(before)
        take_away(valkey)
        took = send(during)
        bring_back(valkey)
        back_at = time.monotonic()
        send(after)
    eventually(is_settled)
    name = take_away.__name__
    tally(f"ms: the slowest of {len(took)} requests while Redis was away ({name})", round(1000 * max(took)))
    tally(f"ms until everything was settled after Redis came back ({name})", round(1000 * (time.monotonic() - back_at)))
    assert all(worker.is_alive() for worker in workers)
    assert_processed_once([*before, *during, *after])


@pytest.mark.parametrize("take_away", [kill, hang], ids=["killed", "hanging"])
def test_a_batch_in_hand_is_finished_without_redis(
    deliver: Deliver, staff: Staff, postings_lock: PostingsLock, valkey: Valkey, take_away: Callable[[Valkey], None]
) -> None:
    in_hand, later = customers(2), customers(2)
    deliver(events_of(in_hand))
    postings_lock.lock()
    worker = staff.worker()
    postings_lock.wait_until_blocking()
    take_away(valkey)
    postings_lock.release()
    eventually(is_settled)
    bring_back(valkey)
    staff.clock()
    deliver(events_of(later))
    eventually(is_settled)
    assert worker.is_alive()
    assert_processed_once([*in_hand, *later])


def test_drain_works_without_redis(deliver: Deliver, drain: Drain, valkey: Valkey) -> None:
    valkey.crash()
    copies = customers(2)
    deliver(events_of(copies))
    drain()
    assert_processed_once(copies)


def test_a_worker_that_starts_before_redis_waits_for_it(deliver: Deliver, staff: Staff, valkey: Valkey) -> None:
    copies = customers(1)
    deliver(events_of(copies))
    valkey.crash()
    worker = staff.worker()
    eventually(lambda: staff.log.exists() and "queue_lost" in staff.log.read_text())
    valkey.start()
    eventually(is_settled_by_the_clock)
    assert worker.is_alive()
    assert_processed_once(copies)


class SilentRedis:
    """Takes connections and never says a word; each call that is made to it ends in a time-out of its own."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1000)
        self._listener.setblocking(False)
        self.url = f"unix://{path}"

    def calls(self) -> int:
        """How many came since this was asked last."""
        count = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return count
            connection.close()
            count += 1

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def silent_redis() -> Iterator[SilentRedis]:
    with tempfile.TemporaryDirectory(prefix="accrual-silent-") as directory:
        silent = SilentRedis(Path(directory) / "redis.sock")
        yield silent
        silent.close()


def test_silent_redis_is_asked_once_a_second_under_load(post: Post, silent_redis: SilentRedis, tally: Tally) -> None:
    """So load does not queue up behind its time-outs; each is a tenth of a second, and no request meets two."""
    events = events_of(customers(16))
    jobs.connect(silent_redis.url)
    began_at = time.monotonic()
    assert {status for status, _ in post.all(events)} == {200}
    took_seconds = time.monotonic() - began_at
    calls = silent_redis.calls()
    assert 1 <= calls <= 1 + took_seconds / redis_client.PAUSE_SECONDS
    tally("requests beside a silent Redis", len(events))
    tally("time-outs they met", calls)


@pytest.fixture
def long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause that no slow machine outlasts; `jobs.connect` ends it."""
    monkeypatch.setattr(redis_client, "PAUSE_SECONDS", 3600.0)


@pytest.mark.usefixtures("long_pause")
def test_no_request_waits_for_redis_twice(post: Post, silent_redis: SilentRedis) -> None:
    for event in events_of(customers(1)):
        jobs.connect(silent_redis.url)  # as if the rest were over
        assert post(event)[0] == 200
        jobs.flush()
        assert silent_redis.calls() == 1


def lose_the_job(valkey: Valkey) -> None:
    """The flag stays without an expiry and the job is gone: a process died between the two writes."""
    with valkey.client() as client:
        assert client.persist(jobs.DRAIN.flag) == 1
        client.delete(QUEUE_KEY)


def forget_everything(valkey: Valkey) -> None:
    valkey.crash()
    valkey.start()


@pytest.mark.parametrize("lose", [lose_the_job, forget_everything], ids=lambda lose: lose.__name__)
def test_lost_wake_up_is_repaired_by_the_clock(
    deliver: Deliver, staff: Staff, valkey: Valkey, tally: Tally, lose: Callable[[Valkey], None]
) -> None:
    copies = customers(2)
    deliver(events_of(copies))
    lose(valkey)
    with valkey.client() as client:
        assert client.llen(QUEUE_KEY) == 0
    lost_at = time.monotonic()
    staff.worker()
    staff.clock()
    eventually(is_settled)
    tally(f"ms until a lost wake-up healed ({lose.__name__})", round(1000 * (time.monotonic() - lost_at)))
    assert_processed_once(copies)


def test_flag_without_a_job_expires(post: Post, valkey: Valkey) -> None:
    """The flag expires, so that wake-ups work again without the clock."""
    with valkey.client() as client:
        post(customers(1)[0].events[0])
        jobs.flush()
        assert 0 < client.ttl(jobs.DRAIN.flag) <= jobs.FLAG_SECONDS
        client.delete(QUEUE_KEY)
        post(customers(1)[0].events[0])
        jobs.flush()
        assert client.llen(QUEUE_KEY) == 0
        client.delete(jobs.DRAIN.flag)  # its end
        post(customers(1)[0].events[0])
        jobs.flush()
        assert client.llen(QUEUE_KEY) == 1


@pytest.mark.usefixtures("long_pause")
def test_unanswered_call_pauses_redis_for_every_module(silent_redis: SilentRedis, settings: Settings) -> None:
    jobs.connect(silent_redis.url)
    metrics.connect(silent_redis.url)
    request_limits.connect(settings.model_copy(update={"redis_url": silent_redis.url}))
    try:
        assert not jobs.wake(jobs.DRAIN)
        metrics.request_passed_uncounted()
        assert not metrics.flush()
        assert request_limits.count("somebody", is_write=False) is None
        assert not jobs.is_reachable()
        assert silent_redis.calls() == 1
    finally:
        jobs.connect(settings.redis_url)
        metrics.connect(settings.redis_url)
        request_limits.connect(settings)
