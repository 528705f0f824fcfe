"""The queue and worker classes for RQ, which run only known jobs.

Redis is not trusted to decide what a worker runs. RQ would run any function that a job names, with the job's arguments,
call the functions and addresses that a job names for its end, and load the jobs that depend on it. So no data from
Redis is passed to RQ: only the name is read from a job's hash, and the job that RQ runs is created from
`app.jobs.KNOWN`.
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
"""Longest pause between tries while Redis is unreachable; RQ's default is a minute."""
SLICE_SECONDS: Final = 20
"""How long a job works on a backlog before the queue's other jobs get a turn."""
MAX_BYTES: Final = 4096
"""Our jobs have about a hundred bytes; a larger one is refused without reading it."""
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
"""Fields of a job's hash that are empty in our jobs."""

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
    """A queued job is not one of `app.jobs`; the text is the reason, a word of a fixed list."""


class WakeUp(Job):
    """A job created from `app.jobs.KNOWN`. Its hash in Redis expires by itself if its worker is killed."""

    def perform(self) -> None:
        """Do the job's work for one time slice."""
        self.connection.expire(self.key, int(self.timeout or 0) + 60)
        run(jobs.KNOWN[str(self.func_name)])

    def _handle_failure(self, _exc_string: str, pipeline: Any, **_execution: Any) -> None:  # type: ignore[override]
        """Delete the job. RQ would store the traceback in Redis, whose last line may contain a payload."""
        pipeline.delete(self.key)


class KnownJobsQueue(Queue):
    """A queue that returns only known jobs; others are dropped, logged and counted."""

    job_class = WakeUp

    @classmethod
    def dequeue_any(  # type: ignore[override]  # which classes are made is not the caller's to say
        cls, queues: Iterable[Queue], timeout: int | None, connection: redis.Redis, **_classes: Any
    ) -> tuple[Job, Queue] | None:
        """The next known job; None if there is none and `timeout` (seconds) is None.

        Raises:
            DequeueTimeout: there was none within `timeout`.
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
        """Do nothing, since our jobs have no dependents; RQ would load the jobs that Redis names here."""


class DrainWorker(SimpleWorker):
    """Runs jobs in this process instead of a fork.

    A drain's job is short: a fork would cost more than its work, and would lose the database connection with its
    prepared statements. A fork would protect from a job that crashes the process. Here the inbox handles that: the
    supervisor starts a new worker, which processes the events that were in progress one at a time.
    """

    queue_class = KnownJobsQueue
    job_class = WakeUp
    max_connection_wait_time = MOST_WAIT_SECONDS

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Called on SIGTERM or SIGINT: stops the drain after the batch in progress, then the worker."""
        drain.stop_requested.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # the library leaves it untyped

    def subscribe(self) -> None:
        """Do nothing, so that commands in Redis (`shutdown`, `kill-horse`, `stop-job`) have no effect."""

    def check_for_suspension(self, burst: bool) -> None:
        """Do nothing, so that a pause in Redis (`rq suspend`) has no effect."""

    def run_maintenance_tasks(self) -> None:
        """Remove expired jobs of killed workers from the registry, without reading the jobs.

        RQ would load each job and call the function that it names for its failure.
        """
        for queue in self.queues:
            self.connection.zremrangebyscore(queue.started_job_registry.key, 0, time.time())
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]  # RQ initializes it with None

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log only a code for the error; RQ would log its text, which may contain a payload."""
        log.error("job_failed", job=job.func_name, **retries.problem(exc_info[1]))


def read(connection: redis.Redis, queue_name: str, job_id: bytes) -> WakeUp | None:
    """A new job for the known name in the hash of `job_id`; None if Redis has no such hash.

    Raises:
        RefusedJob: the hash is not exactly that of a job of `app.jobs` in its queue: `unreadable`, `unknown_name`,
            `other_queue`, `arguments` or `extras` (callbacks, webhooks, retries, repeats, dependencies, metadata).
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
    if known is None:
        raise RefusedJob("unknown_name")
    if known.queue != queue_name:  # another version queued it; the clock queues it where it belongs
        raise RefusedJob("other_queue")
    return WakeUp.create(  # type: ignore[return-value]  # RQ declares Job and returns a `cls`
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
    """The job's `data` and the fields it must not have, read only after their size was checked."""
    names = (DATA, *REFUSED_FIELDS)
    try:
        with connection.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hstrlen(key, name)
            size_bytes = sum(pipeline.execute())
        if size_bytes > MAX_BYTES:
            raise RefusedJob("unreadable")
        return list(connection.hmget(key, names))
    except redis.ResponseError:  # the key is not a hash
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
