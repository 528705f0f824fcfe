"""Resident memory of web and worker processes after work."""

import os
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.runtime.stack import Stack
from bench import documents, inbox, load
from bench.figures import Figure, bounded
from bench.inbox import await_settled
from bench.installation import Installation

DELIVERIES: Final = 2_000
BACKLOG: Final = 10_000
"""Due events, so that every worker processes full batches."""
MAX_MB: Final = 120


def measure(installation: Installation, served: Stack, port: int) -> list[Figure]:
    """The memory of the largest web process and worker, after deliveries and a backlog; none without /proc."""
    if not sys.platform.startswith("linux"):
        return []
    story = documents.story(months=1)
    beginnings = (event.copy(number) for number in range(BACKLOG, 2 * BACKLOG) for event in story.beginning)
    inbox.fill(installation, islice(beginnings, BACKLOG))
    path = urlsplit(installation.merchant.webhook_url).path
    bodies = (story.beginning[0].copy(number).body for number in range(3 * BACKLOG, 3 * BACKLOG + DELIVERIES))
    load.send(port, [load.request(path, body, installation.merchant.webhook_secret) for body in bodies])
    await_settled()
    return [
        bounded("resident memory of a web process after work", largest_mb(web_pids(served)), unit="MB", at_most=MAX_MB),
        bounded("resident memory of a worker after work", largest_mb(worker_pids(served)), unit="MB", at_most=MAX_MB),
    ]


def web_pids(served: Stack) -> list[int]:
    """The processes that answer requests, without their parent."""
    [parent] = _pids(served, "web")
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def worker_pids(served: Stack) -> list[int]:
    """The processes that settle events."""
    return _pids(served, "worker")


def largest_mb(pids: Iterable[int]) -> float:
    """The resident memory of the largest of these processes, in megabytes (10⁶ bytes)."""
    return max(_resident_kib(pid) for pid in pids) * 1024 / 1_000_000


def resident_mb() -> float:
    """The resident memory of this process, in megabytes."""
    return largest_mb([os.getpid()])


def _pids(served: Stack, name: str) -> list[int]:
    return [child.process.pid for child in served.children if child.process and child.name.startswith(name)]


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
