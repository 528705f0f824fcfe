"""Serves an application by Gunicorn with Accrual's settings."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from typing import Final

from app import config
from app.errors import Unavailable
from app.runtime import processes
from app.runtime.stack import HOST, free_port

START_SECONDS: Final = 30
STOP_SECONDS: Final = 15


@contextmanager
def served(application: str, data_dir: Path) -> Iterator[int]:
    """Serve `application`, such as `app.web:create_app()`, for the length of the block; yields the port.

    Raises:
        Unavailable: it did not start. The message ends with its log.
    """
    port, log = free_port(), data_dir / "web.log"
    command = [sys.executable, "-m", "gunicorn", "--config", "python:app.gunicorn_settings"]
    command += ["--bind", f"{HOST}:{port}", application]
    process = processes.start(command, log=log, env=config.child_environment(data_dir))
    try:
        if not processes.await_answer(process, lambda: _answers(port), seconds=START_SECONDS):
            raise Unavailable(f"{application} did not start\n{processes.last_lines(log)}")
        yield port
    finally:
        processes.stop(process, seconds=STOP_SECONDS)


def _answers(port: int) -> bool:
    """Whether the port accepts connections; then waits a second, until all processes have created the application."""
    try:
        create_connection((HOST, port), 1).close()
    except OSError:
        return False
    time.sleep(1)
    return True
