"""Rate limits per minute, counted in Redis for all processes.

The window moves: the limit holds for any 60 seconds, so a burst at the change of a minute cannot double it. The caller
of this module names what is counted, such as a key or an address. The module does not use Flask, so that a server
without Flask can use the same counts.
"""

import math
import time
from typing import Final

import redis
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from app import metrics, redis_client
from app.config import Settings
from app.immutable import immutable
from app.organizations.permissions import Caller
from app.redis_client import CALL_TIMEOUT_SECONDS

READS: Final = "reads"
WRITES: Final = "writes"
PREFIX: Final = "accrual:limits"
KEYS_TOGETHER: Final = 10
"""The limit of an organization, for all its keys together, as a multiple of the limit of a key."""


@immutable
class LimitStatus:
    """The state of a limit after a request.

    Attributes:
        limit: requests per minute.
        remaining: requests that are left now.
        reset_at: when the oldest request leaves the window, so that another is possible; Unix seconds.
        is_exceeded: whether the request was above the limit; it is then not counted.
    """

    limit: int
    remaining: int
    reset_at: float
    is_exceeded: bool

    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.reset_at)),
        }
        if self.is_exceeded:
            headers["Retry-After"] = str(self.retry_after_seconds())
        return headers

    def retry_after_seconds(self) -> int:
        """The seconds until another request is possible, at least one."""
        return max(1, math.ceil(self.reset_at - time.time()))


class _Current:
    """The counter and limits of this process, set once by `connect`."""

    counter: MovingWindowRateLimiter | None = None
    reads: RateLimitItem = RateLimitItemPerMinute(120)
    writes: RateLimitItem = RateLimitItemPerMinute(30)


def connect(settings: Settings) -> None:
    """Count in the Redis of `settings` with its limits from now on. Does not contact it yet."""
    # `limits` has its own form for Unix sockets, and would use another library for valkey://.
    address = settings.redis_url.replace("unix://", "redis+unix://", 1)
    storage = RedisStorage(address, key_prefix=PREFIX, **redis_client.options(CALL_TIMEOUT_SECONDS))
    _Current.counter = MovingWindowRateLimiter(storage)
    _Current.reads = RateLimitItemPerMinute(settings.reads_per_minute)
    _Current.writes = RateLimitItemPerMinute(settings.writes_per_minute)
    redis_client.reset()


def count(subject: str, *, is_write: bool, times: int = 1) -> LimitStatus | None:
    """Count a request of `subject` against the limit of reads or writes, or against a multiple of it.

    Returns:
        None if Redis is unavailable: then the request is allowed, and counted by a metric. With `times`, None also if
        the request is below the limit, as `count_as`.
    """
    limit = _Current.writes if is_write else _Current.reads
    item = limit if times == 1 else RateLimitItemPerMinute(limit.amount * times)
    return _count(item, WRITES if is_write else READS, subject, refusals_only=times > 1)


def count_caller(caller: Caller, *, is_write: bool) -> LimitStatus | None:
    """Count a request for the caller, and for all keys and people of its organization together.

    Returns:
        The state of the caller's limit, or of the organization's if only that is exceeded; None if Redis is
        unavailable. A request whose caller could not be counted is not counted for the organization either.
    """
    counted = count(f"key:{caller.key_id or caller.person_id}", is_write=is_write)
    if counted is None or counted.is_exceeded:
        return counted
    return count(f"organization:{caller.organization_id}", is_write=is_write, times=KEYS_TOGETHER) or counted


def count_as(name: str, subject: str, *, per_minute: int) -> LimitStatus | None:
    """Count a request of `subject` against a separate limit called `name`.

    Returns:
        The state of the limit if the request is refused. None if it is allowed: the state would need a second call to
        Redis.
    """
    return _count(RateLimitItemPerMinute(per_minute), name, subject, refusals_only=True)


def _count(item: RateLimitItem, name: str, subject: str, *, refusals_only: bool = False) -> LimitStatus | None:
    counter = _Current.counter
    if counter is None:
        raise RuntimeError("app.organizations.request_limits.connect has not been called in this process")
    if redis_client.available():
        try:
            is_admitted = counter.hit(item, name, subject)
            if is_admitted and refusals_only:
                return None
            reset_at, remaining = counter.get_window_stats(item, name, subject)
        except redis.RedisError as failure:
            redis_client.note_failure(failure)
        else:
            return LimitStatus(item.amount, max(0, remaining), reset_at, not is_admitted)
    metrics.request_passed_uncounted()
    return None
