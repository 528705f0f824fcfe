"""How much one caller may ask within a minute, counted in Redis for all processes.

The window moves: any 60 seconds hold at most so many requests, so no turn of a minute doubles them. Who the caller is,
this module is told as a name: it knows neither keys nor addresses, and neither Flask, so that whoever serves the same
functions otherwise counts on the same account.
"""

import math
import time
from dataclasses import dataclass
from typing import Final

import redis
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from app import metrics, redis_client
from app.config import Settings
from app.redis_client import CALL_TIMEOUT_SECONDS

READS: Final = "reads"
WRITES: Final = "writes"
PREFIX: Final = "accrual:limits"
KEYS_TOGETHER: Final = 10
"""How many keys' requests the keys of one organization may make together, however many they are."""


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """Where a caller stands after a request.

    Attributes:
        limit: requests a minute.
        remaining: how many of them are left now.
        reset_at: when the oldest request leaves the window and makes room for another; Unix seconds.
        is_exceeded: the request was one too many, and is not counted.
    """

    limit: int
    remaining: int
    reset_at: float
    is_exceeded: bool

    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        said = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.reset_at)),
        }
        if self.is_exceeded:
            said["Retry-After"] = str(max(1, math.ceil(self.reset_at - time.time())))
        return said


class _Current:
    """What this process counts with, set once by `connect`."""

    counter: MovingWindowRateLimiter | None = None
    reads: RateLimitItem = RateLimitItemPerMinute(120)
    writes: RateLimitItem = RateLimitItemPerMinute(30)


def connect(settings: Settings) -> None:
    """Count in the Redis of `settings`, by its limits, from now on. Nothing is asked of it yet."""
    # `limits` writes unix sockets its own way, and would take valkey:// for another library.
    address = settings.redis_url.replace("unix://", "redis+unix://", 1)
    storage = RedisStorage(address, key_prefix=PREFIX, **redis_client.options(CALL_TIMEOUT_SECONDS))
    _Current.counter = MovingWindowRateLimiter(storage)
    _Current.reads = RateLimitItemPerMinute(settings.reads_per_minute)
    _Current.writes = RateLimitItemPerMinute(settings.writes_per_minute)
    redis_client.reset()


def count(who: str, *, is_write: bool) -> LimitStatus | None:
    """Count one request of `who` against the reads or the writes every caller has.

    Returns:
        None if Redis cannot be asked: then the request passes, and a metric counts it.
    """
    if is_write:
        return _count(_Current.writes, WRITES, who)
    return _count(_Current.reads, READS, who)


def count_together(who: str, *, is_write: bool) -> LimitStatus | None:
    """As `count`, for all keys of an organization together, who have ten times what one of them has."""
    one = _Current.writes if is_write else _Current.reads
    return _count(RateLimitItemPerMinute(one.amount * KEYS_TOGETHER), WRITES if is_write else READS, who)


def count_as(what: str, who: str, *, per_minute: int) -> LimitStatus | None:
    """Count one request of `who` against a limit of its own named `what`; as `count`."""
    return _count(RateLimitItemPerMinute(per_minute), what, who)


def _count(item: RateLimitItem, what: str, who: str) -> LimitStatus | None:
    counter = _Current.counter
    if counter is None:
        raise RuntimeError("app.organizations.request_limits.connect has not been called in this process")
    if redis_client.available():
        try:
            is_admitted = counter.hit(item, what, who)
            reset_at, remaining = counter.get_window_stats(item, what, who)
        except redis.RedisError as failure:
            redis_client.note_failure(failure)
        else:
            return LimitStatus(item.amount, max(0, remaining), reset_at, not is_admitted)
    metrics.request_passed_uncounted()
    return None
