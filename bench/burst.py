"""Deliveries acknowledged per second while workers settle them, as in a burst."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from statistics import quantiles
from typing import Final
from urllib.parse import urlsplit

from app.runtime.stack import Stack
from bench import documents, load
from bench.figures import Figure, reported
from bench.inbox import await_settled
from bench.installation import Installation

REQUESTS: Final = 2_500
"""Requests in each round."""


def measure(installation: Installation, served: Stack, port: int, *, rounds: int) -> list[Figure]:
    """Acknowledgements while both workers settle, compared with those while the workers are stopped."""
    busy, idle = [], []
    busy_ms: list[float] = []
    idle_ms: list[float] = []
    bodies = _bodies()
    for _ in range(rounds):
        with _stopped_workers(served):
            run = _send(installation, port, bodies)
        idle.append(run.rate)
        idle_ms += run.milliseconds
        await_settled()
        run = _send(installation, port, bodies)
        busy.append(run.rate)
        busy_ms += run.milliseconds
        await_settled()
    name = "acknowledgements while two workers settle"
    return [
        reported(f"{name}, beside idle workers", busy, idle, unit="/s"),
        reported(f"{name}, 99th percentile, beside idle workers", [_p99(busy_ms)], [_p99(idle_ms)], unit="ms"),
    ]


def _p99(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=100)[-1]


def _send(installation: Installation, port: int, bodies: Iterator[str]) -> load.Run:
    merchant = installation.merchant
    path = urlsplit(merchant.webhook_url).path
    return load.send(port, [load.request(path, body, merchant.webhook_secret) for body in islice(bodies, REQUESTS)])


def _bodies() -> Iterator[str]:
    """An endless iterator of first payments: two events of each subscription."""
    story = documents.story(months=1)
    return (event.copy(number).body for number in count(1_000_000) for event in story.beginning)


@contextmanager
def _stopped_workers(served: Stack) -> Iterator[None]:
    """Suspend the worker processes for the length of the block."""
    pids = [child.process.pid for child in served.children if child.process and child.name.startswith("worker")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
