"""Options for Redis clients with short time-outs, and a circuit breaker that all modules of a process share.

Accrual's data in Redis can be lost: wake-ups, counts, limits. So no call is retried, and after a call without an answer
no calls are made for a second, because requests would have to wait for the time-outs.
"""

import time
from collections.abc import Callable
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


def succeeds(client: redis.Redis | None, call: Callable[[redis.Redis], object]) -> bool:
    """Whether `call` was made and answered: not while Redis is not available, and not if it fails.

    Raises RuntimeError without a client: the caller's module was not connected in this process.
    """
    if client is None:
        raise RuntimeError("connect has not been called in this process")
    if not available():
        return False
    try:
        call(client)
    except redis.RedisError as failure:
        note_failure(failure)
        return False
    return True


def reset() -> None:
    """Allow calls again, because this process has connected to another Redis."""
    _Breaker.paused_until = 0.0
