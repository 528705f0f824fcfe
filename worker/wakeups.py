"""Jobs taken from a queue, and the worker that runs them: the known ones only.

Redis is not trusted to say what a worker runs. RQ runs the function that a job names, whatever it is, with the job's
arguments; it also calls the functions and addresses that a job names for its end, and loads the jobs that depend on
it. So nothing that stands in Redis is handed to RQ here: a job's hash is read for its name alone, and the job that RQ
runs is made anew from `app.jobs.KNOWN`.
"""

import importlib
import json
import time
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.job import JOB_ID_PATTERN, Job
from rq.serializers import JSONSerializer

from app import jobs, metrics
from worker import retries
from worker.inbox import drain

MOST_WAIT_SECONDS: Final = 2
"""Longest pause between tries while Redis is away; the library's own is a minute."""
SLICE_SECONDS: Final = 20
"""How long a job works a backlog before the queue's other jobs have a turn."""
MAX_BYTES: Final = 4096
"""A job of ours takes about a hundred; more is refused unread."""
DATA: Final = "data"
REFUSED_FIELDS: Final = (
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "webhooks",
    "dependency_ids",
    "dependency_id",
    "retries_left",
    "repeats_left",
    "group_id",
    "meta",
)
"""Fields of a job's hash that a job of ours leaves empty."""

log = structlog.get_logger(__name__)


def run(job: jobs.Job) -> None:
    """Do the work of `job` for one time slice, and queue it again if more may be due.

    The flag is removed first: work that becomes due later sets it again and gets a job of its own.
    """
    jobs.clear_flag(job)
    module, _, function = job.function.rpartition(".")
    if getattr(importlib.import_module(module), function)(SLICE_SECONDS):
        jobs.wake(job)


class RefusedJob(Exception):
    """A queue held something that is no job of ours; its text is the reason, one word of a fixed list."""


class WakeUp(Job):
    """A job made from `app.jobs.KNOWN`. Its hash in Redis expires by itself, should its worker be killed."""

    def perform(self) -> None:
        """Do the job's work for one time slice."""
        self.connection.expire(self.key, int(self.timeout or 0) + 60)
        run(jobs.KNOWN[str(self.func_name)])

    def _handle_failure(self, _exc_string: str, pipeline: Any, **_execution: Any) -> None:  # type: ignore[override]
        """Forget the job. The library would keep the traceback in Redis, whose last line may repeat a payload."""
        pipeline.delete(self.key)


class KnownJobsQueue(Queue):
    """A queue from which known jobs are taken; anything else is dropped, logged and counted."""

    job_class = WakeUp

    @classmethod
    def dequeue_any(  # type: ignore[override]  # which classes are made is not the caller's to say
        cls, queues: Iterable[Queue], timeout: int | None, connection: redis.Redis, **_classes: Any
    ) -> tuple[Job, Queue] | None:
        """The next known job; None where there is none and `timeout` (seconds) is None.

        Raises:
            DequeueTimeout: none came within `timeout`.
        """
        by_key = {queue.key: queue for queue in queues}
        while True:
            popped = cls.lpop(list(by_key), timeout, connection=connection)
            if popped is None:
                return None
            key, job_id = popped
            queue = by_key[key if isinstance(key, str) else key.decode()]
            try:
                job = read(connection, queue.name, job_id)
            except RefusedJob as refused:
                metrics.job_refused(str(refused))
                log.warning("job_refused", queue=queue.name, reason=str(refused))
                continue
            if job is not None:
                return job, queue

    def enqueue_dependents(self, *_arguments: Any, **_options: Any) -> None:
        """Nothing depends on a job of ours; the library would load whatever Redis names here."""


class DrainWorker(SimpleWorker):
    """Works jobs in this process rather than in a fork of it.

    A drain's job is short and the same every time: a fork each would cost more than the work, and lose the database
    connection and its prepared statements. What a fork protects from, a job that takes the process down, is covered
    by the inbox itself: the supervisor starts a new worker, which works the events that were in progress one by one.
    """

    queue_class = KnownJobsQueue
    job_class = WakeUp
    max_connection_wait_time = MOST_WAIT_SECONDS

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Asked to end: let the drain stop after the batch in hand, then leave the queue."""
        drain.stop_requested.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # the library leaves it untyped

    def subscribe(self) -> None:
        """Take no commands through Redis (`shutdown`, `kill-horse`, `stop-job`)."""

    def check_for_suspension(self, burst: bool) -> None:
        """Take no pause through Redis (`rq suspend`)."""

    def run_maintenance_tasks(self) -> None:
        """Forget which jobs killed workers had in hand, without looking at the jobs.

        The library would load each of them and call what it names for its failure.
        """
        for queue in self.queues:
            self.connection.zremrangebyscore(queue.started_job_registry.key, 0, time.time())
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]  # the library starts it as None

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log the kind of error only; the library would log its text, which may repeat a payload."""
        log.error("job_failed", job=job.func_name, **retries.problem(exc_info[1]))


def read(connection: redis.Redis, queue_name: str, job_id: bytes) -> WakeUp | None:
    """The known job whose hash stands in Redis under `job_id`, made anew; None where there is no such hash.

    Raises:
        RefusedJob: it is not exactly a job that `app.jobs` queues: `unreadable`, `unknown_name`, `arguments` or
            `extras` (callbacks, webhooks, retries, repeats, dependencies, metadata).
    """
    identifier = job_id.decode("ascii", "replace")
    if not JOB_ID_PATTERN.fullmatch(identifier):
        raise RefusedJob("unreadable")
    data, *extras = _fields(connection, WakeUp.key_for(identifier))
    if data is None and not any(extras):
        return None
    if any(extras):
        raise RefusedJob("extras")
    known = jobs.KNOWN.get(_name(data or b""))
    if known is None or known.queue != queue_name:
        raise RefusedJob("unknown_name")
    return WakeUp.create(  # type: ignore[return-value]  # the library says Job and makes a `cls`
        known.function,
        id=identifier,
        connection=connection,
        origin=queue_name,
        timeout=known.timeout_seconds,
        result_ttl=0,
        description=known.name,
        serializer=JSONSerializer,
    )


def _fields(connection: redis.Redis, key: str) -> list[Any]:
    """The job's `data` and the fields it must not have, once their size is known to be small."""
    names = (DATA, *REFUSED_FIELDS)
    try:
        with connection.pipeline(transaction=False) as asked:
            for name in names:
                asked.hstrlen(key, name)
            size_bytes = sum(asked.execute())
        if size_bytes > MAX_BYTES:
            raise RefusedJob("unreadable")
        return list(connection.hmget(key, names))
    except redis.ResponseError:  # the key holds no hash
        raise RefusedJob("unreadable") from None


def _name(data: bytes) -> str:
    """The name of the function that `data` calls without arguments."""
    unpacked = zlib.decompressobj()
    try:
        document = json.loads(unpacked.decompress(data, MAX_BYTES))
    except (zlib.error, ValueError, RecursionError):  # pickle among them
        raise RefusedJob("unreadable") from None
    match document:
        case [str() as name, None, [], dict() as keywords] if not keywords:
            return name
        case [str() as name, _, _, _]:
            raise RefusedJob("arguments" if name in jobs.KNOWN else "unknown_name")
    raise RefusedJob("unreadable")
