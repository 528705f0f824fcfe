"""Waiting for what must come by itself, with an end: a test that waits in vain fails and never hangs."""

import time
from collections.abc import Callable
from threading import Thread

PATIENCE_SECONDS = 60


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something holds that must come by itself."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def join(*threads: Thread) -> None:
    """Wait for the ends of threads that must end by themselves."""
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "the thread never ended"
