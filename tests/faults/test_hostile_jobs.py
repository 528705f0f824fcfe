"""Redis may be written to by others: a worker runs the known jobs and nothing else that stands in a queue."""

import json
import pickle
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis

from app import jobs, metrics
from tests.api.conftest import figure
from tests.conftest import Deliver
from tests.waiting import eventually

from .conftest import Valkey
from .habits import able_to_import, failing_drain
from .processes import Staff
from .stories import assert_processed_once, customers, events_of, is_settled

_numbers = count(1)
FOREIGN = """
from pathlib import Path
WITNESS = Path(__file__).with_name("witness")
WITNESS.write_text("imported")
def touch(*arguments, **keywords):
    WITNESS.write_text("called")
"""
GOOD: Mapping[str, Any] = {"name": jobs.DRAIN.function, "instance": None, "arguments": [], "keywords": {}}


class Pickled:
    """What a pickle that runs something when it is loaded looks like."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self._directory,)


@dataclass
class Attacker:
    """Writes to Redis what RQ itself would take for jobs."""

    client: redis.Redis
    directory: Path
    listener: socket.socket
    queue: str = jobs.QUEUE
    sent: list[str] = field(default_factory=list)

    @property
    def witness(self) -> Path:
        return self.directory / "witness"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def call(self, **parts: Any) -> str:
        """Queue a call as RQ writes it, JSON and compressed."""
        job_fields = GOOD | parts
        call = [job_fields["name"], job_fields["instance"], job_fields["arguments"], job_fields["keywords"]]
        return self.put(zlib.compress(json.dumps(call).encode()))

    def put(self, data: bytes, **fields: str | int) -> str:
        """Queue a job with this `data` and further fields."""
        job_id = self.hold(data, **fields)
        self.client.rpush(f"rq:queue:{self.queue}", job_id)
        return job_id

    def hold(self, data: bytes, **fields: str | int) -> str:
        """Write a job's hash without queueing it."""
        job_id = f"job-{next(_numbers)}"
        fixed = {"status": "queued", "origin": self.queue, "created_at": "2026-01-01T00:00:00.000000Z", "timeout": 9}
        self.client.hset(f"rq:job:{job_id}", mapping={"data": data, **fixed, **fields})
        return job_id

    def good_data(self) -> bytes:
        return zlib.compress(json.dumps(list(GOOD.values())).encode())

    def was_called_back(self) -> bool:
        """Whether anything connected to our address."""
        self.listener.settimeout(0.2)
        try:
            self.listener.accept()[0].close()
        except TimeoutError:
            return False
        return True


@pytest.fixture
def attacker(valkey: Valkey, tmp_path: Path) -> Iterator[Attacker]:
    directory = tmp_path / "foreign"
    directory.mkdir()
    (directory / "foreign.py").write_text(FOREIGN)
    with valkey.client() as client, socket.create_server(("127.0.0.1", 0)) as listener:
        yield Attacker(client, directory, listener)


def deep(attacker: Attacker) -> str:
    return attacker.put(b"[" * 4000)


def bomb(attacker: Attacker) -> str:
    return attacker.put(zlib.compress(b"[" + b" " * 50_000_000 + b"]"))


def of_the_wrong_type(attacker: Attacker) -> str:
    attacker.client.set("rq:job:no-hash", "text")
    attacker.client.rpush(f"rq:queue:{attacker.queue}", "no-hash")
    return "no-hash"


def with_a_broken_id(attacker: Attacker) -> str:
    attacker.client.rpush(f"rq:queue:{attacker.queue}", b"\xff\xfe\x00")
    return ""


def webhooks(attacker: Attacker) -> str:
    return json.dumps([{"url": attacker.address, "job_status": status} for status in ("finished", "failed")])


REFUSED: Mapping[str, tuple[str, Callable[[Attacker], object]]] = {
    "a function of the library": ("unknown_name", lambda to: to.call(name="os.mkdir", arguments=[str(to.witness)])),
    "a module of its own": ("unknown_name", lambda to: to.call(name="foreign.touch")),
    "a name that is no text": ("unreadable", lambda to: to.call(name=["foreign.touch"])),
    "a job of another queue": ("other_queue", lambda to: to.call(name=jobs.MAILS.function)),
    "an argument": ("arguments", lambda to: to.call(arguments=[1])),
    "a keyword": ("arguments", lambda to: to.call(keywords={"seconds": 1})),
    "an instance": ("arguments", lambda to: to.call(instance={"a": 1})),
    "a pickle": ("unreadable", lambda to: to.put(zlib.compress(pickle.dumps(Pickled(to.witness))))),
    "an uncompressed pickle": ("unreadable", lambda to: to.put(pickle.dumps(Pickled(to.witness)))),
    "a success callback": ("extras", lambda to: to.put(to.good_data(), success_callback_name="foreign.touch")),
    "a failure callback": ("extras", lambda to: to.put(to.good_data(), failure_callback_name="foreign.touch")),
    "a stopped callback": ("extras", lambda to: to.put(to.good_data(), stopped_callback_name="foreign.touch")),
    "a webhook": ("extras", lambda to: to.put(to.good_data(), webhooks=webhooks(to))),
    "repeats": ("extras", lambda to: to.put(to.good_data(), repeats_left=9, repeat_intervals="[1]")),
    "retries": ("extras", lambda to: to.put(to.good_data(), retries_left=9)),
    "a dependency": ("extras", lambda to: to.put(to.good_data(), dependency_ids='["job-1"]')),
    "metadata": ("extras", lambda to: to.put(to.good_data(), meta=pickle.dumps(Pickled(to.witness)).decode("latin-1"))),
    "deep nesting": ("unreadable", deep),
    "a bomb": ("unreadable", bomb),
    "no hash": ("unreadable", of_the_wrong_type),
    "a broken id": ("unreadable", with_a_broken_id),
}


def test_worker_drops_and_counts_unknown_jobs_and_runs_known_ones(
    deliver: Deliver, staff: Staff, attacker: Attacker
) -> None:
    metrics.connect(staff.environment["REDIS_URL"])
    expected: dict[str, int] = {}
    for reason, put in REFUSED.values():
        put(attacker)
        expected[reason] = expected.get(reason, 0) + 1
    copies = customers(2)
    deliver(events_of(copies))
    jobs.sweep(jobs.DRAIN)
    worker = staff.worker(partial(able_to_import, attacker.directory))
    eventually(is_settled)
    assert not attacker.witness.exists()
    assert not attacker.was_called_back()
    eventually(lambda: refused() == expected)
    assert worker.is_alive()
    assert_processed_once(copies)


def refused() -> dict[str, int]:
    text = metrics.exposition([]).decode()
    reasons = {reason for reason, _ in REFUSED.values()}
    counted = {reason: figure(text, f'accrual_jobs_refused_total{{reason="{reason}"}}') for reason in reasons}
    return {reason: int(number) for reason, number in counted.items()}


def test_worker_maintenance_runs_no_commands_from_redis(deliver: Deliver, staff: Staff, attacker: Attacker) -> None:
    """Jobs of dead workers are failed by RQ at a worker's start, and jobs that depend on one are loaded at its end."""
    abandoned = attacker.hold(attacker.good_data(), failure_callback_name="foreign.touch", webhooks=webhooks(attacker))
    attacker.client.zadd(f"rq:wip:{jobs.QUEUE}", {f"{abandoned}:1": time.time() - 60})
    attacker.client.rpush(f"rq:queue:{jobs.QUEUE}:intermediate", abandoned)
    attacker.client.sadd("rq:groups", b"\xff")
    good = attacker.put(attacker.good_data())
    dependent = attacker.hold(b"\xff", failure_callback_name="foreign.touch", status="nonsense")
    attacker.client.sadd(f"rq:job:{good}:dependents", dependent)
    copies = customers(1)
    deliver(events_of(copies))
    worker = staff.worker(partial(able_to_import, attacker.directory))
    eventually(is_settled)
    eventually(lambda: not attacker.client.exists(f"rq:job:{good}"))
    assert not attacker.witness.exists()
    assert not attacker.was_called_back()
    assert attacker.client.zcard(f"rq:wip:{jobs.QUEUE}") == 0
    assert worker.is_alive()
    assert_processed_once(copies)


def test_a_worker_takes_no_commands_and_no_pause_through_redis(
    deliver: Deliver, staff: Staff, attacker: Attacker
) -> None:
    attacker.client.set("rq:suspended", 1)
    worker = staff.worker()
    eventually(lambda: attacker.client.scard("rq:workers") == 1)
    [key] = attacker.client.smembers("rq:workers")
    for command in ("shutdown", "kill-horse"):
        heard = attacker.client.publish(f"rq:pubsub:{key.decode().split(':')[-1]}", json.dumps({"command": command}))
        assert heard == 0
    copies = customers(1)
    deliver(events_of(copies))
    eventually(is_settled)
    assert worker.is_alive()
    assert_processed_once(copies)


@pytest.mark.usefixtures("application")
def test_a_job_that_fails_leaves_nothing_of_its_error_in_redis_or_the_log(staff: Staff, attacker: Attacker) -> None:
    jobs.sweep(jobs.DRAIN)
    staff.worker(failing_drain)
    eventually(lambda: staff.log.exists() and "job_failed" in staff.log.read_text())
    eventually(lambda: not list(attacker.client.scan_iter("rq:job:*")))
    left = list(attacker.client.scan_iter("rq:*"))
    assert not any(key.startswith((b"rq:results", b"rq:failed")) for key in left), left
    assert "cleo.secret" not in staff.log.read_text()


def test_figures_are_shown_beside_foreign_values_in_redis(attacker: Attacker, valkey: Valkey) -> None:
    metrics.connect(valkey.url)
    attacker.client.hset(metrics.HASH, mapping={"received:stored": "many", "processed:ok": "9" * 5000, "uncounted": 2})
    assert figure(metrics.exposition([]).decode(), "accrual_uncounted_requests_total") == 2
