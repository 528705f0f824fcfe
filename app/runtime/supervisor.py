"""Supervises child processes: restarts those that die, and stops all of them."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from app import backoff
from app.errors import Unavailable
from app.runtime import processes

logger = structlog.get_logger(__name__)

FIRST_BACKOFF_SECONDS: Final = 1.0
LONGEST_BACKOFF_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0  # a process that ran this long is restarted with the first back-off
STOP_SECONDS: Final = 15.0
TICK_SECONDS: Final = 0.2
END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Child:
    """A process to keep running: how it is started and stopped, and its present state."""

    name: str
    start: Callable[[], processes.Process]
    stop_signal: signal.Signals = signal.SIGTERM
    process: processes.Process | None = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    started_at: float = field(default=0.0, init=False)
    restart_at: float | None = field(default=None, init=False)

    def launch(self) -> None:
        """Start the process now."""
        self.process, self.started_at, self.restart_at = self.start(), time.monotonic(), None

    def is_running(self) -> bool:
        """Whether the process is running."""
        return self.process is not None and self.process.poll() is None

    def restart_if_dead(self, now: float) -> None:
        """Restart the process if it has died: after a second at first, then with a doubling back-off."""
        if self.is_running():
            return
        if self.restart_at is None:
            if now - self.started_at > STEADY_SECONDS:
                self.failures = 0
            self._schedule_restart(now, "process_died", code=self.process.returncode if self.process else None)
        elif now >= self.restart_at:
            try:
                self.launch()
            except Unavailable as error:
                self._schedule_restart(now, "process_not_started", reason=str(error))

    def _schedule_restart(self, now: float, event: str, **details: object) -> None:
        self.failures += 1
        wait_seconds = backoff.seconds(self.failures, first=FIRST_BACKOFF_SECONDS, longest=LONGEST_BACKOFF_SECONDS)
        logger.warning(event, process=self.name, restart_in_seconds=wait_seconds, **details)
        self.restart_at = now + wait_seconds


class Interrupted(Exception):
    """A signal asked this process to stop."""


class _Signals:
    """Whether a signal asked this process to stop: Python drops an exception in some callbacks, those at a fork."""

    have_come: bool = False


@contextmanager
def interruptible() -> Iterator[None]:
    """End the block on Ctrl-C, SIGTERM or a closed terminal. Further signals are ignored while it stops."""

    def interrupt(_number: int, _frame: object) -> None:
        for number in END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _Signals.have_come = True
        raise Interrupted

    _Signals.have_come = False
    before = {number: signal.signal(number, interrupt) for number in END_SIGNALS}
    try:
        yield
    except Interrupted:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def supervise(children: Sequence[Child], *, until: Callable[[], bool] = lambda: False) -> None:
    """Restart children that die, until `until()` is true; without `until`, until `Interrupted` is raised."""
    while not until():
        if _Signals.have_come:
            raise Interrupted
        now = time.monotonic()
        for child in children:
            child.restart_if_dead(now)
        time.sleep(TICK_SECONDS)


def stop(children: Sequence[Child]) -> None:
    """Send all children their stop signal, wait at most `STOP_SECONDS`, then kill those that still run."""
    running = [(child.process, child.stop_signal) for child in children if child.process and child.is_running()]
    for process, by in running:
        process.send_signal(by)
    deadline = time.monotonic() + STOP_SECONDS
    for process, _ in running:
        processes.wait_or_kill(process, seconds=max(0.0, deadline - time.monotonic()))
