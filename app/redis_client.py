"""Calls to Redis that a request may make: short time-outs, and a breaker that all modules of a process share.

What Accrual keeps in Redis can be lost: wake-ups, counts, limits. So no call is tried twice, and after one
without an answer Redis is left alone for a second, or load would queue up behind its time-outs.
"""

import time
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CALL_TIMEOUT_SECONDS: Final = 0.1
"""A request never waits longer for one Redis call."""
REST_SECONDS: Final = 1.0
"""How long Redis is left alone after a call without an answer."""


class _Breaker:
    """Until when this process does not ask Redis, on the monotonic clock."""

    resting_until: float = 0.0


def options(timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> dict[str, Any]:
    """What a client is made with: its time-outs, and no second try, of which the library would make three."""
    return {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
    }


def available() -> bool:
    """Whether Redis may be asked now: every call of this process within the last second was answered.

    Ask before each call, and hand a call's error to `note_failure`.
    """
    return time.monotonic() >= _Breaker.resting_until


def note_failure(failure: redis.RedisError) -> None:
    """Leave Redis alone for a second if it gave no answer; an error that it answers costs no time."""
    if isinstance(failure, redis.ConnectionError | redis.TimeoutError):
        _Breaker.resting_until = time.monotonic() + REST_SECONDS


def reset() -> None:
    """Ask again at once: this process has connected to another Redis."""
    _Breaker.resting_until = 0.0
