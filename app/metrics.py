"""Counters of what all processes do, for Prometheus.

Web, worker and clock are processes of their own, perhaps on machines of their own, so what they count meets in one
Redis hash. Counting is adding to a dictionary; a thread carries the sums over once a second, keeps them while Redis is
away, and so costs neither a request nor a batch anything. A process killed in between loses its last second of counts;
figures that must be right (backlog, ledger) are read from Postgres instead.
"""

import atexit
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app import redis_client

HASH: Final = "accrual:metrics"
CARRY_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 1.0
BUCKETS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
IMBALANCE: Final = "ledger_imbalance_minor"
WHOLE_NUMBER: Final = re.compile(r"-?\d{1,18}", re.ASCII)
"""What is counted; anything else in the hash was not written by us."""


class _Pending:
    """What this process has counted and not yet carried to Redis."""

    lock = threading.Lock()
    carrying = threading.Lock()
    counts: ClassVar[Counter[str]] = Counter()
    client: redis.Redis | None = None
    carrier: threading.Thread | None = None


def connect(redis_url: str) -> None:
    """Carry this process's counts to the Redis at `redis_url` from now on. Nothing is asked of it yet."""
    _Pending.client = redis.Redis.from_url(redis_url, decode_responses=True, **redis_client.options(TIMEOUT_SECONDS))
    redis_client.reset()


def event_received(result: str) -> None:
    """Count a delivery by what became of it: `stored`, `duplicate`, `refused` or `unavailable`."""
    _count({f"received:{result}": 1})


def events_processed(outcome: str, number: int = 1) -> None:
    """Count events that ended in `outcome`."""
    _count({f"processed:{outcome}": number})


def batch_worked(size: int, seconds: float) -> None:
    """Count one batch of a drain: how many events it held and how long they took."""
    bucket = next((limit for limit in BUCKETS_SECONDS if seconds <= limit), "+Inf")
    _count({f"batch:le:{bucket}": 1, "batch:events": size, "batch:microseconds": round(seconds * 1_000_000)})


def request_passed_uncounted() -> None:
    """Count a request that was let through because Redis could not be asked how many there were."""
    _count({"uncounted": 1})


def request_dropped(reason: str) -> None:
    """Count a request that was given up before it had arrived whole."""
    _count({f"dropped_request:{reason}": 1})


def job_refused(reason: str) -> None:
    """Count something in a queue that is no job of ours."""
    _count({f"refused_job:{reason}": 1})


def ledger_measured(imbalance_minor: int) -> None:
    """Keep what all postings sum to, which must be 0. Measured by the clock, because it reads the whole ledger."""
    if _Pending.client is not None:
        _try(lambda client: client.hset(HASH, IMBALANCE, imbalance_minor), _Pending.client)


def flush() -> bool:
    """Carry what was counted to Redis now; a process that ends without Python's exit hooks calls it last.

    Returns:
        False if Redis could not be reached; the counts are kept for the next time.
    """
    client = _Pending.client
    if client is None:
        return False
    with _Pending.carrying:  # a later reader gets everything that was counted before
        with _Pending.lock:
            counts, _Pending.counts = _Pending.counts, Counter()
        if not counts or _try(lambda reached: _add(reached, counts), client):
            return True
        with _Pending.lock:
            _Pending.counts.update(counts)
        return False


def exposition(gauges: Iterable[Metric]) -> bytes:
    """Everything counted by all processes, and `gauges`, in Prometheus's text format.

    Without Redis the counters are left out and `accrual_redis_up` is 0.
    """
    flush()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures([*gauges, *_counted()]))
    return generate_latest(registry)


def gauge(name: str, help_text: str, value: float) -> Metric:
    """One figure that goes up and down."""
    return GaugeMetricFamily(name, help_text, value=value)


class _Figures(Collector):
    """Ready-made figures; Prometheus's library asks for them through an object."""

    def __init__(self, figures: list[Metric]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        return self._figures


def _counted() -> Iterator[Metric]:
    counts = _read()
    yield gauge("accrual_redis_up", "1 if Redis answers.", float(counts is not None))
    if counts is None:
        return
    yield _by_label(counts, "received", "accrual_events_received", "Deliveries by what became of them.", "result")
    yield _by_label(counts, "processed", "accrual_events_processed", "Events by how they ended.", "outcome")
    yield _by_label(
        counts, "dropped_request", "accrual_requests_dropped", "Requests that never arrived whole.", "reason"
    )
    yield _by_label(counts, "refused_job", "accrual_jobs_refused", "Foreign jobs dropped from a queue.", "reason")
    yield _batches(counts)
    yield CounterMetricFamily(
        "accrual_uncounted_requests", "Requests past the rate limits: no Redis.", value=counts.get("uncounted", 0)
    )
    yield CounterMetricFamily("accrual_drain_events", "Events claimed by drains.", value=counts.get("batch:events", 0))
    if IMBALANCE in counts:
        yield gauge("accrual_ledger_imbalance_minor", "What all postings sum to: must be 0.", counts[IMBALANCE])


def _by_label(counts: Mapping[str, int], kind: str, name: str, help_text: str, label: str) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for field, number in sorted(counts.items()):
        if field.startswith(f"{kind}:"):
            family.add_metric([field.removeprefix(f"{kind}:")], number)
    return family


def _batches(counts: Mapping[str, int]) -> Metric:
    family = HistogramMetricFamily("accrual_drain_batch_seconds", "How long batches took.", labels=[])
    upto, buckets = 0, []
    for limit in (*BUCKETS_SECONDS, "+Inf"):
        upto += counts.get(f"batch:le:{limit}", 0)
        buckets.append((str(limit), float(upto)))
    family.add_metric([], buckets=buckets, sum_value=counts.get("batch:microseconds", 0) / 1_000_000)
    return family


def _read() -> dict[str, int] | None:
    kept: dict[Any, Any] = {}
    try:
        if _Pending.client is None or not _try(lambda client: kept.update(client.hgetall(HASH)), _Pending.client):
            return None
    except UnicodeDecodeError:
        return None
    texts = ((str(field), str(value)) for field, value in kept.items())
    return {field: int(value) for field, value in texts if WHOLE_NUMBER.fullmatch(value)}


def _count(counts: Mapping[str, int]) -> None:
    with _Pending.lock:
        _Pending.counts.update(counts)
        if _Pending.carrier is None:
            _Pending.carrier = threading.Thread(target=_carry, name="metrics", daemon=True)
            _Pending.carrier.start()


def _carry() -> None:
    pause = threading.Event()
    while not pause.wait(CARRY_SECONDS):
        flush()


def _add(client: redis.Redis, counts: Mapping[str, int]) -> None:
    with client.pipeline(transaction=True) as pipeline:
        for field, number in counts.items():
            pipeline.hincrby(HASH, field, number)
        pipeline.execute()


def _try(call: Callable[[redis.Redis], object], client: redis.Redis) -> bool:
    if not redis_client.available():
        return False
    try:
        call(client)
    except redis.RedisError as failure:
        redis_client.note_failure(failure)
        return False
    return True


def _start_anew_in_child() -> None:
    # The parent's thread is not in the child, and what the parent counted is the parent's to carry.
    _Pending.lock = threading.Lock()
    _Pending.carrying = threading.Lock()
    _Pending.counts = Counter()
    _Pending.carrier = None


atexit.register(flush)
os.register_at_fork(after_in_child=_start_anew_in_child)
