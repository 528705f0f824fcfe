"""Child processes that end with this process: starts, awaits and stops them."""

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
    """Start `command` in its own session, so that Ctrl-C does not reach it directly and this process stops it.

    On Linux it also gets SIGINT when this process dies, even if it is killed.

    Args:
        command: program and arguments.
        log: file that its output is appended to, readable by its owner only; None: the output of this process.
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
    """Wait until `answers()` is true, for at most `seconds`. Kills the process if it is not, or on an exception."""
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
    """Send the signal `by`; kill the process if it has not ended after `seconds`. Does nothing if it has ended."""
    if process.poll() is None:
        process.send_signal(by)
        wait_or_kill(process, seconds=seconds)


def wait_or_kill(process: Process, *, seconds: float) -> None:
    """Wait until `process` has ended; kill it if it has not ended after `seconds`."""
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
