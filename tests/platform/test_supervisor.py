"""Processes that are kept running, and stopped."""

import os
import signal
import subprocess
import sys

import pytest

from app.errors import Unavailable
from app.runtime import processes, supervisor
from app.runtime.supervisor import Child
from tests.waiting import eventually

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)",
]


def child(command: list[str]) -> Child:
    return Child("sleeper", lambda: processes.start(command))


def test_a_dead_process_is_restarted() -> None:
    sleeper = child(SLEEPER)
    sleeper.launch()
    first = sleeper.process
    assert first
    first.kill()
    try:
        supervisor.supervise([sleeper], until=lambda: sleeper.is_running() and sleeper.process is not first)
    finally:
        supervisor.stop([sleeper])
    assert not sleeper.is_running()


def test_the_back_off_doubles_and_ends_at_half_a_minute() -> None:
    def refuse() -> processes.Process:
        raise Unavailable("no")

    hopeless = Child("hopeless", refuse)
    waits, now = [], 0.0
    for _ in range(7):
        hopeless.restart_if_dead(now)
        assert hopeless.restart_at is not None
        waits.append(hopeless.restart_at - now)
        now = hopeless.restart_at
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_child_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    deaf = Child("deaf", lambda: processes.start(DEAF, stdout=subprocess.PIPE))
    deaf.launch()
    assert deaf.process
    assert deaf.process.stdout
    with deaf.process.stdout:
        deaf.process.stdout.readline()
    supervisor.stop([deaf])
    assert deaf.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_block_and_a_second_one_does_not_interrupt_its_cleanup(number: signal.Signals) -> None:
    tidied = False
    with supervisor.interruptible():
        try:
            os.kill(os.getpid(), number)
            eventually(lambda: False)
        finally:
            os.kill(os.getpid(), number)
            tidied = True
    assert tidied


def test_signal_whose_exception_was_dropped_ends_the_supervision() -> None:
    """Python drops an exception that is raised in a callback of a fork, such as that of logging."""
    with supervisor.interruptible():
        with pytest.raises(supervisor.Interrupted):
            signal.raise_signal(signal.SIGINT)
        supervisor.supervise([])
