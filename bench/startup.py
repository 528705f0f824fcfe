"""CPU time of starting a command."""

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


def measure(*, rounds: int) -> list[Figure]:
    """`accrual --help` compared with an interpreter that does nothing."""
    ours, bare = [], []
    for _ in range(rounds + 1):  # the first one fills the file cache
        ours.append(_cpu_seconds(COMMAND))
        bare.append(_cpu_seconds(BARE))
    name = "processor time of `accrual --help`, beside `python -c pass`"
    return [bounded_beside(name, ours[1:], bare[1:], unit="s", at_most=MAX_SECONDS)]


def _cpu_seconds(command: Sequence[str]) -> float:
    """CPU seconds (user and system) of a run of `command`."""
    before = _children_seconds()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return _children_seconds() - before


def _children_seconds() -> float:
    """CPU seconds of all child processes that have ended so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
