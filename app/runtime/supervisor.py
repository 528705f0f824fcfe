"""Keep a handful of processes running, and stop them in order."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.errors import Unavailable
from app.runtime import processes

logger = structlog.get_logger(__name__)

FIRST_BACKOFF_SECONDS: Final = 1.0
LONGEST_BACKOFF_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0  # whoever ran this long starts again with a short back-off
STOP_SECONDS: Final = 15.0
TICK_SECONDS: Final = 0.2
END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Child:
    """A process to keep running: how it starts, how it is asked to stop, and how it fares."""

    name: str
    start: Callable[[], processes.Process]
    stop_signal: signal.Signals = signal.SIGTERM
    process: processes.Process | None = field(default=None, init=False)
    backoff_seconds: float = field(default=FIRST_BACKOFF_SECONDS, init=False)
    started_at: float = field(default=0.0, init=False)
    restart_at: float | None = field(default=None, init=False)

    def launch(self) -> None:
        """Start it now."""
        self.process, self.started_at, self.restart_at = self.start(), time.monotonic(), None

    def is_running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def look_after(self, now: float) -> None:
        """Start it again when it has died: at first after a second, then ever more patiently."""
        if self.is_running():
            return
        if self.restart_at is None:
            if now - self.started_at > STEADY_SECONDS:
                self.backoff_seconds = FIRST_BACKOFF_SECONDS
            self._wait_a_while(now, "process_died", code=self.process.returncode if self.process else None)
        elif now >= self.restart_at:
            try:
                self.launch()
            except Unavailable as error:
                self._wait_a_while(now, "process_not_started", reason=str(error))

    def _wait_a_while(self, now: float, what_happened: str, **details: object) -> None:
        logger.warning(what_happened, process=self.name, again_in_seconds=self.backoff_seconds, **details)
        self.restart_at = now + self.backoff_seconds
        self.backoff_seconds = min(self.backoff_seconds * 2, LONGEST_BACKOFF_SECONDS)


class Interrupted(Exception):
    """Somebody asked us to stop."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM or a closed terminal end the block; a second one changes nothing: stopping is under way."""

    def interrupt(_number: int, _frame: object) -> None:
        for number in END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    before = {number: signal.signal(number, interrupt) for number in END_SIGNALS}
    try:
        yield
    except Interrupted:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def look_after(children: Sequence[Child], *, until: Callable[[], bool] = lambda: False) -> None:
    """Restart whoever dies, until `until()` is true; without it until `Interrupted`."""
    while not until():
        now = time.monotonic()
        for child in children:
            child.look_after(now)
        time.sleep(TICK_SECONDS)


def stop(children: Sequence[Child]) -> None:
    """Ask all to stop at once, wait, kill who has not: bounded by `STOP_SECONDS`."""
    running = [(child.process, child.stop_signal) for child in children if child.process and child.is_running()]
    for process, by in running:
        process.send_signal(by)
    deadline = time.monotonic() + STOP_SECONDS
    for process, _ in running:
        processes.wait_or_kill(process, seconds=max(0.0, deadline - time.monotonic()))
