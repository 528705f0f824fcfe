"""The processes that work on a queue.

`python -m worker` processes the inbox, `python -m worker stripe` sends requests to Stripe and mails,
`python -m worker outbound` sends webhooks, and `python -m worker archives` makes exports and works on imports.
"""

import signal
import sys
from typing import Final

import redis
import structlog
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

import app.partners.models  # noqa: F401  a foreign key has no type until the table it names is known
from app import jobs
from worker import start
from worker.inbox import drain
from worker.wakeups import MOST_WAIT_SECONDS, DrainWorker, KnownJobsQueue

QUEUES: Final = {
    (): (jobs.QUEUE, 2),
    ("stripe",): (jobs.STRIPE_QUEUE, 2),
    ("outbound",): (jobs.OUTBOUND_QUEUE, 6),
    ("archives",): (jobs.ARCHIVES_QUEUE, 2),
}
"""The queue of each process, and its database connections, by the arguments of its command."""
WORKER_TTL_SECONDS: Final = 25
"""RQ's worker TTL. It waits 15 s less for a job at a time, so that a broken connection is noticed soon."""
PAUSE_SECONDS: Final = 1
"""Pause before a new queue worker is created after the last one ended, unless this process stops."""

log = structlog.get_logger(__name__)


def main() -> None:
    """Run jobs until SIGTERM or SIGINT; the batch in progress is finished first.

    RQ's worker ends if Redis fails during a job, hangs for long, or is unreachable at the start. So new workers are
    created until this process is asked to stop.
    """
    process = QUEUES.get(tuple(sys.argv[1:]))
    if process is None:
        sys.exit("usage: python -m worker [stripe|outbound|archives]")
    queue, pool_size = process
    settings = start.connect(pool_size=pool_size)
    _exit_on_signal()
    while not drain.stop_requested.is_set():
        try:
            _work_queue(settings.redis_url, queue)
        except (redis.RedisError, StopRequested) as failure:
            log.warning("queue_lost", problem=type(failure).__name__)
        drain.stop_requested.wait(PAUSE_SECONDS)


def _work_queue(redis_url: str, name: str) -> None:
    """Run jobs until asked to stop or until Redis fails; RQ then raises an exception or returns."""
    with redis.Redis.from_url(redis_url, socket_connect_timeout=MOST_WAIT_SECONDS) as connection:
        queue = KnownJobsQueue(name, connection=connection, serializer=JSONSerializer)
        worker = DrainWorker([queue], connection=connection, serializer=JSONSerializer, worker_ttl=WORKER_TTL_SECONDS)
        try:
            worker.work(logging_level="WARNING", with_scheduler=False)
        finally:
            _exit_on_signal()


def _exit_on_signal() -> None:
    """Exit at once on SIGTERM or SIGINT, for the time while no queue worker handles signals and no job runs."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())


if __name__ == "__main__":
    main()
