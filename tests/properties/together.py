"""Several workers at once, each commit held until the others are as far: every race there is, on purpose."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from .two_drains import CommitBarrier


def run_together(engine: Engine, workers: Sequence[Callable[[], None]]) -> CommitBarrier:
    """Run the workers side by side until all have ended; their commits meet at a barrier, unless a lock forbids it."""
    barrier = CommitBarrier(engine, drains=len(workers))

    def run(worker: Callable[[], None]) -> None:
        try:
            worker()
        finally:
            barrier.ended()

    with barrier.installed(), ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(run, worker) for worker in workers]:
            done.result()
    return barrier
