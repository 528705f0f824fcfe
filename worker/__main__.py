"""`python -m worker`: a process that works the queue until it is told to stop."""

from types import FrameType
from typing import Final

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

import app.partners.models  # noqa: F401  a foreign key has no type until the table it names is known
from app import config, db, jobs, logs, metrics
from worker import drain

WORKER_TTL_SECONDS: Final = 25
"""How long the queue believes in a silent worker; it listens 15 s less at a time, so a dead link is noticed soon."""
MOST_WAIT_SECONDS: Final = 2
"""Longest pause between tries while Redis is away; the library's own is a minute."""

log = structlog.get_logger(__name__)


class DrainWorker(SimpleWorker):
    """Works jobs in this process rather than in a fork of it.

    A drain's job is short and the same every time: a fork each would cost more than the work, and lose the database
    connection and its prepared statements. What a fork protects from, a job that takes the process down, is covered
    by the inbox itself: the supervisor starts a new worker, which works the suspects one by one.
    """

    max_connection_wait_time = MOST_WAIT_SECONDS

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Asked to end: let the drain stop after the batch in hand, then leave the queue."""
        drain.stop_requested.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # the library leaves it untyped


def main() -> None:
    """Work until SIGTERM or SIGINT; the batch in hand is finished first."""
    settings = config.load()
    logs.configure(settings.log_format)
    db.connect(settings.database_url, pool_size=2)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    connection = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=MOST_WAIT_SECONDS)
    queue = Queue(jobs.QUEUE, connection=connection, serializer=JSONSerializer)
    worker = DrainWorker([queue], connection=connection, serializer=JSONSerializer, worker_ttl=WORKER_TTL_SECONDS)
    worker.work(logging_level="WARNING", with_scheduler=False)


if __name__ == "__main__":
    main()
