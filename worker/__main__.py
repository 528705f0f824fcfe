"""`python -m worker`: a process that works the inbox until told to stop; `python -m worker stripe` asks Stripe."""

import signal
import sys
from typing import Final

import redis
import structlog
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

import app.partners.models  # noqa: F401  a foreign key has no type until the table it names is known
from app import config, db, jobs, logs, metrics
from app.runtime import logins
from app.sentences import catalogue
from app.stripe_sync import api_keys
from worker import mails
from worker.inbox import drain
from worker.wakeups import MOST_WAIT_SECONDS, DrainWorker, KnownJobsQueue

WORKER_TTL_SECONDS: Final = 25
"""How long the queue believes in a silent worker; it listens 15 s less at a time, so a dead link is noticed soon."""
PAUSE_SECONDS: Final = 1
"""Between the end of one queue worker and the next, while nobody asked us to stop."""

log = structlog.get_logger(__name__)


def main() -> None:
    """Work until SIGTERM or SIGINT; the batch in hand is finished first.

    The library's worker gives up where Redis fails it in the middle of a job, hangs for long, or is not there at the
    start. So it is made anew until somebody asks us to stop.
    """
    queue = {(): jobs.QUEUE, ("stripe",): jobs.STRIPE_QUEUE}.get(tuple(sys.argv[1:]))
    if queue is None:
        sys.exit("usage: python -m worker [stripe]")
    settings = config.load()
    logs.configure(settings.log_format)
    catalogue.use(settings.language)
    db.connect(settings.database_url, pool_size=2)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    api_keys.connect(settings)
    mails.connect(settings)
    logins.warn_of_excess(settings.database_url, for_web=False)
    _leave_when_asked()
    while not drain.stop_requested.is_set():
        try:
            _work_queue(settings.redis_url, queue)
        except (redis.RedisError, StopRequested) as failure:
            log.warning("queue_lost", problem=type(failure).__name__)
        drain.stop_requested.wait(PAUSE_SECONDS)


def _work_queue(redis_url: str, name: str) -> None:
    """Work jobs until asked to stop or until Redis fails, which the library tells by raising or by just returning."""
    with redis.Redis.from_url(redis_url, socket_connect_timeout=MOST_WAIT_SECONDS) as connection:
        queue = KnownJobsQueue(name, connection=connection, serializer=JSONSerializer)
        worker = DrainWorker([queue], connection=connection, serializer=JSONSerializer, worker_ttl=WORKER_TTL_SECONDS)
        try:
            worker.work(logging_level="WARNING", with_scheduler=False)
        finally:
            _leave_when_asked()


def _leave_when_asked() -> None:
    """While no queue worker listens for signals there is nothing in hand, and the process may end at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())


if __name__ == "__main__":
    main()
