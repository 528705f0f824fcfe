"""Sends what is due, many deliveries at once, so that endpoints that do not answer delay no others.

An endpoint that accepted its last message gets several messages at once. Any other gets one at a time, and all of those
together use at most half of the threads. So an endpoint that hangs holds one thread, whatever waits for it.
"""

import random
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Final
from uuid import UUID

import structlog

from app import config, db, ids, metrics
from app.config import Settings
from app.outbound import failing
from app.outbox import sending
from app.outbox.sending import Attempt, ClaimedDelivery, Result
from worker import retries
from worker.inbox import drain
from worker.outbound import attempts

THREADS: Final = 64
UNPROVEN_THREADS: Final = THREADS // 2
"""The most for endpoints that did not accept their last message, or got none from this process yet."""
PLACES: Final = 4
"""Messages at once for an endpoint that accepted its last one."""
MOST_PROVEN: Final = 1_000
"""Endpoints that this process remembers to accept messages."""
POLL_SECONDS: Final = 0.25
"""How often it looks for work that became due while it waits for answers."""

log = structlog.get_logger(__name__)


def work_slice(slice_seconds: float) -> bool:
    """Send what is due until nothing is due or the time is over; returns whether more may be due."""
    return sender().work(slice_seconds)


class Sender:
    """The deliveries that this process sends now, and what it knows of their endpoints."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sender")
        self._changed = threading.Condition()
        self._in_flight: Counter[UUID] = Counter()
        self._proven: OrderedDict[UUID, None] = OrderedDict()
        self._answers = 0

    def work(self, seconds: float) -> bool:
        """Send what is due until nothing is due or under way, this process is asked to stop, or the time is over.

        Returns:
            Whether more may be due. On a stop it returns after the last answer, and nothing more is claimed.
        """
        stop_at = time.monotonic() + seconds
        while not drain.stop_requested.is_set():
            was_idle, answers = not self._in_flight, self._answers
            started = self._start_proven() + self._start_unproven()
            if was_idle and not started:
                return False
            if time.monotonic() > stop_at:
                return True
            if not started:
                self._wait_for_answer(answers)
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight)
        return True

    def _wait_for_answer(self, known: int) -> None:
        """Wait until there are more answers than those `known`, since each makes room for more of its endpoint."""
        with self._changed:
            self._changed.wait_for(lambda: self._answers > known, POLL_SECONDS)

    def _start_proven(self) -> int:
        """Send what is due to endpoints that accepted their last message; returns how many messages."""
        with self._changed:
            free = THREADS - self._in_flight.total()
            places = {endpoint: left for endpoint in self._proven if (left := PLACES - self._in_flight[endpoint]) > 0}
        return self._start(free, places=0, known=places) if places else 0

    def _start_unproven(self) -> int:
        """Send one message to each other endpoint to which none is under way; returns how many messages."""
        with self._changed:
            free = THREADS - self._in_flight.total()
            unproven = sum(number for endpoint, number in self._in_flight.items() if endpoint not in self._proven)
            busy = dict.fromkeys([*self._proven, *self._in_flight], 0)
        return self._start(min(free, UNPROVEN_THREADS - unproven), places=1, known=busy)

    def _start(self, most: int, *, places: int, known: Mapping[UUID, int]) -> int:
        if most <= 0:
            return 0
        with db.transaction() as session:
            claimed = sending.claim(session, most=most, places=places, known=known, now=datetime.now(UTC))
        for delivery in claimed:
            with self._changed:
                self._in_flight[delivery.endpoint_id] += 1
            self._pool.submit(self._deliver, delivery)
        return len(claimed)

    def _deliver(self, delivery: ClaimedDelivery) -> None:
        is_accepted = False
        try:
            is_accepted = deliver(delivery, self._settings)
        except Exception as failure:  # noqa: BLE001  (it is sent again once its lease has ended)
            log.error("outbound_failed", delivery_id=_name(delivery), **retries.problem(failure))  # noqa: TRY400  (a traceback may show values)
        finally:
            self._done(delivery.endpoint_id, is_accepted=is_accepted)

    def _done(self, endpoint_id: UUID, *, is_accepted: bool) -> None:
        with self._changed:
            self._answers += 1
            self._in_flight[endpoint_id] -= 1
            if not self._in_flight[endpoint_id]:
                del self._in_flight[endpoint_id]
            self._proven.pop(endpoint_id, None)
            if is_accepted:
                self._proven[endpoint_id] = None
                if len(self._proven) > MOST_PROVEN:
                    self._proven.popitem(last=False)
            self._changed.notify_all()


def deliver(delivery: ClaimedDelivery, settings: Settings) -> bool:
    """Attempt a claimed delivery and store the result; returns whether it was accepted.

    Effects: an endpoint that has failed for three days is disabled.
    """
    attempt = attempts.make(delivery, settings)
    with db.transaction() as session:
        result = sending.store_attempt(session, delivery, attempt, chance=random.random())  # noqa: S311  (only spreads waits)
        is_disabled = attempt.problem is not None and failing.disable_if_long(
            session, delivery.endpoint_id, now=attempt.attempted_at
        )
    metrics.delivery_attempted(result)
    _log(delivery, attempt, result)
    if is_disabled:
        log.warning("endpoint_disabled", endpoint_id=ids.encode(ids.OUTBOUND_ENDPOINT, delivery.endpoint_id))
    return attempt.problem is None


def _log(delivery: ClaimedDelivery, attempt: Attempt, result: Result) -> None:
    code = attempt.problem and attempt.problem["problem"]
    (log.debug if code is None else log.info)(
        "outbound_attempted",
        delivery_id=_name(delivery),
        endpoint_id=ids.encode(ids.OUTBOUND_ENDPOINT, delivery.endpoint_id),
        result=result,
        status=attempt.status_code,
        problem=code,
        duration_ms=attempt.duration_ms,
    )


@cache
def sender() -> Sender:
    """The sender of this process, with its settings."""
    return Sender(config.load())


def _name(delivery: ClaimedDelivery) -> str:
    return ids.encode(ids.OUTBOUND_DELIVERY, delivery.id)
