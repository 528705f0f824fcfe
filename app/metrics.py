"""Counters of all processes, for Prometheus.

Web, worker and clock are separate processes, perhaps on different machines, so their counts are added up in one Redis
hash. Counting only changes a dictionary; a thread sends the counts to Redis once a second and keeps them while Redis is
unreachable, so that counting delays neither requests nor batches. A killed process loses its last second of counts;
figures that must be exact (backlog, ledger) are read from Postgres instead.
"""

import atexit
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app import redis_client

HASH: Final = "accrual:metrics"
SEND_INTERVAL_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 1.0
BUCKETS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
IMBALANCE: Final = "ledger_imbalance_minor"
WHOLE_NUMBER: Final = re.compile(r"-?\d{1,18}", re.ASCII)
"""The format of a stored count; other values in the hash were not written by Accrual."""


class _Pending:
    """Counts of this process that were not sent to Redis yet."""

    lock = threading.Lock()
    sending = threading.Lock()
    counts: ClassVar[Counter[str]] = Counter()
    client: redis.Redis | None = None
    sender: threading.Thread | None = None


def connect(redis_url: str) -> None:
    """Send this process's counts to the Redis at `redis_url` from now on. Does not contact it yet."""
    _Pending.client = redis.Redis.from_url(redis_url, decode_responses=True, **redis_client.options(TIMEOUT_SECONDS))
    redis_client.reset()


def event_received(result: str) -> None:
    """Count a delivery by its result: `stored`, `wrong_mode`, `duplicate`, `different`, `refused`, `unavailable`."""
    _count({f"received:{result}": 1})


def events_processed(outcome: str, number: int = 1) -> None:
    """Count `number` processed events with this outcome."""
    _count({f"processed:{outcome}": number})


def batch_worked(size: int, seconds: float) -> None:
    """Count a batch of a drain: its number of events and the seconds it took."""
    bucket = next((limit for limit in BUCKETS_SECONDS if seconds <= limit), "+Inf")
    _count({f"batch:le:{bucket}": 1, "batch:events": size, "batch:microseconds": round(seconds * 1_000_000)})


def request_passed_uncounted() -> None:
    """Count a request that was not rate-limited because Redis was unreachable."""
    _count({"uncounted": 1})


def request_dropped(reason: str) -> None:
    """Count a request that was dropped before it had arrived completely."""
    _count({f"dropped_request:{reason}": 1})


def job_refused(reason: str) -> None:
    """Count a queued job that was refused because it is not one of `app.jobs`."""
    _count({f"refused_job:{reason}": 1})


def delivery_attempted(result: str) -> None:
    """Count an attempt to send a webhook by its result: `delivered`, `postponed`, `given_up` or `lease_lost`."""
    _count({f"outbound:{result}": 1})


def ledger_measured(imbalance_minor: int) -> None:
    """Store the sum of all postings, which must be 0. The clock measures it, because it reads the whole ledger."""
    if _Pending.client is not None:
        redis_client.succeeds(_Pending.client, lambda client: client.hset(HASH, IMBALANCE, imbalance_minor))


def flush() -> bool:
    """Send the counts to Redis now. A process that ends without Python's exit hooks must call it before it ends.

    Returns:
        False if Redis could not be reached; the counts are then sent the next time.
    """
    client = _Pending.client
    if client is None:
        return False
    with _Pending.sending:  # so that counts taken by another thread are in Redis before this returns
        with _Pending.lock:
            counts, _Pending.counts = _Pending.counts, Counter()
        if not counts or redis_client.succeeds(client, lambda reached: _add(reached, counts)):
            return True
        with _Pending.lock:
            _Pending.counts.update(counts)
        return False


def exposition(gauges: Iterable[Metric]) -> bytes:
    """The counters of all processes, and `gauges`, in Prometheus's text format.

    Without Redis the counters are left out and `accrual_redis_up` is 0.
    """
    flush()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ReadyMetrics([*gauges, *_counters()]))
    return generate_latest(registry)


def gauge(name: str, help_text: str, value: float) -> Metric:
    """A gauge metric with one value."""
    return GaugeMetricFamily(name, help_text, value=value)


def gauges_by_label(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    """A gauge metric with a value for each value of a label."""
    family = GaugeMetricFamily(name, help_text, labels=[label])
    for word, value in values.items():
        family.add_metric([word], value)
    return family


class _ReadyMetrics(Collector):
    """A collector that returns given metrics, as Prometheus's library requires."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _counters() -> Iterator[Metric]:
    counts = _read()
    yield gauge("accrual_redis_up", "1 if Redis answers.", float(counts is not None))
    if counts is None:
        return
    yield _by_label(counts, "received", "accrual_events_received", "Deliveries by result.", "result")
    yield _by_label(counts, "processed", "accrual_events_processed", "Processed events by outcome.", "outcome")
    yield _by_label(
        counts,
        "dropped_request",
        "accrual_requests_dropped",
        "Requests dropped before they had arrived completely.",
        "reason",
    )
    yield _by_label(counts, "refused_job", "accrual_jobs_refused", "Unknown jobs dropped from a queue.", "reason")
    yield _by_label(counts, "outbound", "accrual_outbound_attempts", "Attempts to send a webhook by result.", "result")
    yield _batches(counts)
    yield CounterMetricFamily(
        "accrual_uncounted_requests",
        "Requests not rate-limited because Redis was unreachable.",
        value=counts.get("uncounted", 0),
    )
    yield CounterMetricFamily("accrual_drain_events", "Events claimed by drains.", value=counts.get("batch:events", 0))
    if IMBALANCE in counts:
        yield gauge("accrual_ledger_imbalance_minor", "Sum of all postings; must be 0.", counts[IMBALANCE])


def _by_label(counts: Mapping[str, int], kind: str, name: str, help_text: str, label: str) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for field, number in sorted(counts.items()):
        if field.startswith(f"{kind}:"):
            family.add_metric([field.removeprefix(f"{kind}:")], number)
    return family


def _batches(counts: Mapping[str, int]) -> Metric:
    family = HistogramMetricFamily("accrual_drain_batch_seconds", "Duration of batches.", labels=[])
    cumulative, buckets = 0, []
    for limit in (*BUCKETS_SECONDS, "+Inf"):
        cumulative += counts.get(f"batch:le:{limit}", 0)
        buckets.append((str(limit), float(cumulative)))
    family.add_metric([], buckets=buckets, sum_value=counts.get("batch:microseconds", 0) / 1_000_000)
    return family


def _read() -> dict[str, int] | None:
    stored: dict[Any, Any] = {}
    try:
        client = _Pending.client
        if client is None or not redis_client.succeeds(client, lambda reached: stored.update(reached.hgetall(HASH))):
            return None
    except UnicodeDecodeError:
        return None
    texts = ((str(field), str(value)) for field, value in stored.items())
    return {field: int(value) for field, value in texts if WHOLE_NUMBER.fullmatch(value)}


def _count(counts: Mapping[str, int]) -> None:
    with _Pending.lock:
        for field, number in counts.items():  # Counter.update would take several times as long
            _Pending.counts[field] += number
        if _Pending.sender is None:
            _Pending.sender = threading.Thread(target=_send_regularly, name="metrics", daemon=True)
            _Pending.sender.start()


def _send_regularly() -> None:
    pause = threading.Event()
    while not pause.wait(SEND_INTERVAL_SECONDS):
        flush()


def _add(client: redis.Redis, counts: Mapping[str, int]) -> None:
    with client.pipeline(transaction=True) as pipeline:
        for field, number in counts.items():
            pipeline.hincrby(HASH, field, number)
        pipeline.execute()


def _reset_in_child() -> None:
    # A forked child does not have the parent's thread, and the parent sends its own counts.
    _Pending.lock = threading.Lock()
    _Pending.sending = threading.Lock()
    _Pending.counts = Counter()
    _Pending.sender = None


atexit.register(flush)
os.register_at_fork(after_in_child=_reset_in_child)
