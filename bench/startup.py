"""CPU time of starting a command and each process."""

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.figures import Figure, bounded_beside

COMMAND: Final = (str(Path(sys.executable).with_name("accrual")), "--help")
BARE: Final = (sys.executable, "-c", "pass")
MAX_SECONDS: Final = 0.35
PROCESSES: Final = {
    "the web processes' parent": "app.web",
    "a worker": "worker.__main__",
    "the clock": "worker.schedule",
}
"""What each process imports at its start; the web processes themselves import nothing, they are forked."""
MAX_PROCESS_SECONDS: Final = 1.0


def measure(*, rounds: int) -> list[Figure]:
    """`accrual --help` and the imports of each process, compared with an interpreter that does nothing."""
    name = "processor time of `accrual --help`, beside `python -c pass`"
    figures = [_compared(name, COMMAND, rounds, at_most=MAX_SECONDS)]
    for process, module in PROCESSES.items():
        name = f"processor time of the imports of {process}"
        command = (sys.executable, "-c", f"import {module}")
        figures.append(_compared(name, command, rounds, at_most=MAX_PROCESS_SECONDS))
    return figures


def _compared(name: str, command: Sequence[str], rounds: int, *, at_most: float) -> Figure:
    ours, bare = [], []
    for _ in range(rounds + 1):  # the first one fills the file cache
        ours.append(_cpu_seconds(command))
        bare.append(_cpu_seconds(BARE))
    return bounded_beside(name, ours[1:], bare[1:], unit="s", at_most=at_most)


def _cpu_seconds(command: Sequence[str]) -> float:
    """CPU seconds (user and system) of a run of `command`."""
    before = _children_seconds()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return _children_seconds() - before


def _children_seconds() -> float:
    """CPU seconds of all child processes that have ended so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
