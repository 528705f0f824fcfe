"""`python -m bench.worker DATA_DIR`: a worker process that runs commands from its input and prints their duration.

It reads a line, `settle 4` (batches) or `work_jobs 400` (jobs of a queue), executes it, and prints the seconds it took.
It ends when its input ends.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import redis
from rq import Queue, SimpleWorker

from app import config
from app.runtime import processes
from bench import receivers
from bench.installation import connect
from worker.inbox import drain

STOP_SECONDS: Final = 15
ALL: Final = sys.maxsize
"""Number of batches that settles until no event is due."""


class Worker:
    """A worker process, controlled by the benchmark."""

    def __init__(self, data_dir: Path) -> None:
        command = [sys.executable, "-m", __name__, str(data_dir)]
        environment = config.child_environment(data_dir)
        self.process = processes.start(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def begin(self, command: str, number: int) -> None:
        """Send a command; `end` waits for its end."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command} {number}\n".encode())
        self.process.stdin.flush()

    def end(self) -> float:
        """Wait for the end of the command; returns the seconds it took. Raises RuntimeError if the process died."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("a worker of the benchmark died; its error is printed above")
        return float(answer)

    def stop(self) -> None:
        """Let the process finish its command and end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        processes.wait_or_kill(self.process, seconds=STOP_SECONDS)

    def run(self, command: str, number: int) -> float:
        """Send a command and wait for its end; returns the seconds it took."""
        self.begin(command, number)
        return self.end()


@contextmanager
def working(data_dir: Path, number: int) -> Iterator[list[Worker]]:
    """`number` workers for the length of the block."""
    workers = [Worker(data_dir) for _ in range(number)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.stop()


def main() -> None:
    """Run the commands of standard input until it ends."""
    settings = connect(Path(sys.argv[1]))
    commands: dict[str, Callable[[int], None]] = {
        "settle": settle,
        "work_jobs": lambda jobs: work_jobs(settings.redis_url, jobs),
    }
    for line in sys.stdin:
        command, number = line.split()
        began = time.perf_counter()
        commands[command](int(number))
        print(time.perf_counter() - began, flush=True)


def settle(batches: int) -> None:
    """Process this number of batches of the inbox, or fewer if no event is due."""
    for _ in range(batches):
        if not drain.work_batch():
            return


def work_jobs(redis_url: str, jobs: int) -> None:
    """Run this number of queued jobs with RQ's own worker and default settings."""
    with redis.Redis.from_url(redis_url) as connection:
        queue = Queue(receivers.QUEUE, connection=connection)
        SimpleWorker([queue], connection=connection).work(burst=True, max_jobs=jobs, logging_level="WARNING")


if __name__ == "__main__":
    main()
