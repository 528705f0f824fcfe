"""`python -m bench.worker DATA_DIR`: one worker process that works when it is asked to, and says how long it took.

It reads a line, `settle 4` (batches) or `work_jobs 400` (jobs of a queue), works, and answers with the seconds. It ends
when its input does.
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
"""Batches to settle until nothing is due."""


class Worker:
    """The other end: a worker process of ours, seen from the benchmark."""

    def __init__(self, data_dir: Path) -> None:
        command = [sys.executable, "-m", __name__, str(data_dir)]
        environment = config.child_environment(data_dir)
        self.process = processes.start(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def begin(self, what: str, number: int) -> None:
        """Tell it what to do; `end` awaits it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what} {number}\n".encode())
        self.process.stdin.flush()

    def end(self) -> float:
        """Await its answer: the seconds it took. Raises RuntimeError if it died."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("a worker of the benchmark died; its error stands above")
        return float(answer)

    def dismiss(self) -> None:
        """Let it finish what it does and end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        processes.wait_or_kill(self.process, seconds=STOP_SECONDS)

    def do(self, what: str, number: int) -> float:
        """Both at once."""
        self.begin(what, number)
        return self.end()


@contextmanager
def working(data_dir: Path, number: int) -> Iterator[list[Worker]]:
    """So many workers for the length of the block."""
    workers = [Worker(data_dir) for _ in range(number)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.dismiss()


def main() -> None:
    """Do what standard input says until it ends."""
    settings = connect(Path(sys.argv[1]))
    commands: dict[str, Callable[[int], None]] = {
        "settle": settle,
        "work_jobs": lambda jobs: work_jobs(settings.redis_url, jobs),
    }
    for line in sys.stdin:
        what, number = line.split()
        began = time.perf_counter()
        commands[what](int(number))
        print(time.perf_counter() - began, flush=True)


def settle(batches: int) -> None:
    """Work so many batches of the inbox, or fewer if nothing more is due."""
    for _ in range(batches):
        if not drain.work_batch():
            return


def work_jobs(redis_url: str, jobs: int) -> None:
    """Work so many jobs that are in the queue already, with RQ's own worker in its default settings."""
    with redis.Redis.from_url(redis_url) as connection:
        queue = Queue(receivers.QUEUE, connection=connection)
        SimpleWorker([queue], connection=connection).work(burst=True, max_jobs=jobs, logging_level="WARNING")


if __name__ == "__main__":
    main()
