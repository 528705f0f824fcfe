"""Whether Redis answers."""

from collections.abc import Iterator

from app import jobs
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found


def check(examined: Examined) -> Iterator[Finding]:
    """Redis carries the wake-ups: without it events are stored and not processed."""
    del examined  # the process is connected to the Redis of its settings
    if not jobs.is_reachable():
        yield found("redis_unreachable")
