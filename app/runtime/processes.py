"""Child processes that never outlive us: how they are started, awaited and stopped."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of prctl(2)

Process = subprocess.Popen[bytes]


def start(command: Sequence[str], *, log: Path | None = None, **options: Any) -> Process:
    """Start `command` in a session of its own, so that Ctrl-C reaches it through us and in our order.

    On Linux it also gets SIGINT when we die, however we die.

    Args:
        command: program and arguments.
        log: file that its output is appended to, readable by its owner only; None leaves ours.
        options: further arguments of Popen.
    """
    options = {"stdin": subprocess.DEVNULL, "start_new_session": True} | options
    if sys.platform == "linux":
        options["preexec_fn"] = _die_with_parent
    popen: Callable[..., Process] = subprocess.Popen
    if log is None:
        return popen(command, **options)
    log.touch(mode=0o600)
    with log.open("ab") as output:
        return popen(command, stdout=output, stderr=subprocess.STDOUT, **options)


def await_answer(process: Process, answers: Callable[[], bool], *, seconds: float) -> bool:
    """Whether `answers()` came true within `seconds`. Where not, or when interrupted, the process is dead after it."""
    deadline = time.monotonic() + seconds
    try:
        while process.poll() is None and time.monotonic() < deadline:
            if answers():
                return True
            time.sleep(0.02)
    except BaseException:
        wait_or_kill(process, seconds=0)
        raise
    wait_or_kill(process, seconds=0)
    return False


def stop(process: Process, by: signal.Signals = signal.SIGTERM, *, seconds: float) -> None:
    """Ask `process` to end with the signal `by`; kill it where it has not after `seconds`. Harmless when it is gone."""
    if process.poll() is None:
        process.send_signal(by)
        wait_or_kill(process, seconds=seconds)


def wait_or_kill(process: Process, *, seconds: float) -> None:
    """Wait for the end of `process`; kill it where it has not come after `seconds`."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGINT)
