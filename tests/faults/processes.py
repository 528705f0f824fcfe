"""Workers and clocks as processes of their own, quick to start because what they import is loaded once."""

import importlib
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from app.runtime import processes
from tests.waiting import PATIENCE_SECONDS

_NURSERY = multiprocessing.get_context("forkserver")
_NURSERY.set_forkserver_preload(["worker.__main__", "worker.schedule", "worker.payouts.transfers", __name__])

Habit = Callable[[], None]


def no_habit() -> None:
    """As it comes."""


@dataclass(frozen=True)
class Staff:
    """Starts workers and clocks with one test's settings, and leaves none behind."""

    environment: dict[str, str]
    log: Path
    hired: list[BaseProcess] = field(default_factory=list)

    def worker(self, habit: Habit = no_habit) -> BaseProcess:
        """What `python -m worker` runs, after `habit` was called in the new process."""
        return self._hire("worker.__main__", habit)

    def asker(self, habit: Habit = no_habit) -> BaseProcess:
        """What `python -m worker stripe` runs, after `habit` was called in the new process."""
        return self._hire("worker.__main__", habit, "stripe")

    def sender(self) -> BaseProcess:
        """What `python -m worker outbound` runs."""
        return self._hire("worker.__main__", no_habit, "outbound")

    def archivist(self) -> BaseProcess:
        """What `python -m worker archives` runs."""
        return self._hire("worker.__main__", no_habit, "archives")

    def clock(self) -> BaseProcess:
        """What `python -m worker.schedule` runs."""
        return self._hire("worker.schedule", no_habit)

    def dismiss(self) -> None:
        for process in self.hired:
            kill_9(process)

    def _hire(self, module: str, habit: Habit, *arguments: str) -> BaseProcess:
        call = (module, arguments, self.environment, self.log, habit)
        process = _NURSERY.Process(target=_work, args=call, daemon=True)
        process.start()
        self.hired.append(process)
        return process


def kill_9(process: BaseProcess) -> None:
    """As the out-of-memory killer does: no warning, nothing tidied."""
    process.kill()
    await_end(process)


def await_end(process: BaseProcess) -> None:
    """Wait for the end of a process that must end by itself."""
    process.join(PATIENCE_SECONDS)
    assert not process.is_alive(), "the process never ended"


def listens_for(number: signal.Signals, pid: int) -> bool:
    """Whether a process handles a signal; before it does, the signal would end it in its own way."""
    [caught] = re.findall(r"^SigCgt:\s+(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught, 16) >> (number - 1) & 1)


def _work(module: str, arguments: tuple[str, ...], environment: dict[str, str], log: Path, habit: Habit) -> None:
    os.environ.update(environment)
    sys.argv[1:] = arguments  # those of the test run came along
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if sys.platform == "linux":
        processes._die_with_parent()
    habit()
    importlib.import_module(module).main()
