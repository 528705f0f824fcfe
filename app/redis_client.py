"""Options for Redis clients with short time-outs, and a circuit breaker that all modules of a process share.

Accrual's data in Redis can be lost: wake-ups, counts, limits. So no call is retried, and after a call without an answer
no calls are made for a second, because requests would have to wait for the time-outs.
"""

import time
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CALL_TIMEOUT_SECONDS: Final = 0.1
"""The longest time that a request waits for a Redis call."""
PAUSE_SECONDS: Final = 1.0
"""How long no calls are made after a call without an answer."""


class _Breaker:
    """When this process may call Redis again, on the monotonic clock."""

    paused_until: float = 0.0


def options(timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> dict[str, Any]:
    """Arguments of a Redis client: time-outs, and no retries, of which the library's default is three."""
    return {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
    }


def available() -> bool:
    """Whether Redis may be called now: all calls of this process within the last second were answered.

    Check it before each call, and pass the error of a failed call to `note_failure`.
    """
    return time.monotonic() >= _Breaker.paused_until


def note_failure(failure: redis.RedisError) -> None:
    """Make no calls for `PAUSE_SECONDS` if Redis did not answer; an error in its answer has no effect."""
    if isinstance(failure, redis.ConnectionError | redis.TimeoutError):
        _Breaker.paused_until = time.monotonic() + PAUSE_SECONDS


def reset() -> None:
    """Allow calls again, because this process has connected to another Redis."""
    _Breaker.paused_until = 0.0
