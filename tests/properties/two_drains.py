"""Two drains at once, each commit held until the other drain is as far: every race there is, on purpose."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event, text

# pg_stat_activity would hide from the worker's role what its own login waits for; pg_locks hides nothing.
_IS_BLOCKED = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
_PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.01
"""How often a drain at the barrier asks Postgres whether the other waits for a lock."""


class CommitBarrier:
    """Lets a drain commit only when the other is about to commit too, waits for a lock of this one, or has ended.

    So both read and compute before either's work can be seen, unless a lock forbids it; no clock decides.
    """

    def __init__(self, engine: Engine, drains: int = 2) -> None:
        self._engine = engine
        self._drains = drains
        self._holding: set[int] = set()
        self._ended = 0
        self._changed = threading.Condition()
        self.met = 0
        """How often all drains stood at the barrier together."""
        self.blocked = 0
        """How often one went on because the other waited for its locks."""

    @property
    def is_holding(self) -> bool:
        """Whether a drain is about to commit and waits for the other."""
        return bool(self._holding)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Hold the commits of `engine` while the block runs."""
        event.listen(self._engine, "commit", self._hold)
        try:
            yield
        finally:
            event.remove(self._engine, "commit", self._hold)

    def ended(self) -> None:
        """The calling drain will commit nothing more."""
        with self._changed:
            self._ended += 1
            self._changed.notify_all()

    def _hold(self, _connection: Connection) -> None:
        me = threading.get_ident()
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        with self._changed:
            self._holding.add(me)
            self._changed.notify_all()
            while me in self._holding:
                if len(self._holding) + self._ended >= self._drains:
                    self.met += len(self._holding) > 1
                    self._holding.clear()
                    self._changed.notify_all()
                elif self._other_is_blocked():
                    self.blocked += 1
                    self._holding.discard(me)
                elif time.monotonic() > give_up_at:
                    raise TimeoutError("the other drain neither commits nor waits nor ends")
                else:
                    self._changed.wait(LOOK_SECONDS)

    def _other_is_blocked(self) -> bool:
        # A connection of the pool, but never committed: so it does not come here again.
        with self._engine.connect() as connection:
            return bool(connection.scalar(_IS_BLOCKED))


def run_two(engine: Engine, work_batch: Callable[[int], int], limits: tuple[int, int]) -> CommitBarrier:
    """Run two drains side by side until both find nothing due; each claims up to its own limit at a time."""
    barrier = CommitBarrier(engine)

    def drain(limit: int) -> None:
        try:
            while work_batch(limit):
                pass
        finally:
            barrier.ended()

    with barrier.installed(), ThreadPoolExecutor(2) as pool:
        for drained in [pool.submit(drain, limit) for limit in limits]:
            drained.result()
    return barrier
