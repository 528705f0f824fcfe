"""Paid renewal invoices settled per second, from the inbox to commissions and ledger entries."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

import psycopg
import redis
from rq import Queue

from bench import documents, inbox, receivers, subscriptions, writes
from bench.documents import Template
from bench.figures import Figure, bounded, compared, reported
from bench.installation import Installation, installed, libpq_url
from bench.worker import ALL, Worker, working
from worker.inbox.drain import BATCH_SIZE

BATCHES: Final = 4
"""Batches of each worker in a round."""
INVOICES: Final = BATCHES * BATCH_SIZE
JOBS: Final = 400
"""Jobs of RQ's own worker in a round."""
SUBSCRIPTIONS: Final = 100_000
"""Maximum number of subscriptions; more payments are further months of the same subscriptions."""


def measure(*, payments: int, rounds: int) -> list[Figure]:
    """One worker compared with RQ's empty jobs and with a minimal job, and two workers compared with one."""
    empty_jobs, minimal_jobs, by_one_worker, by_two_workers = [], [], [], []
    with prepared(payments, due=(3 * rounds + 2) * INVOICES) as (installation, workers):
        commission_job = _commission_jobs(installation)
        for _ in range(rounds):
            empty_jobs.append(_work_jobs(installation, workers[0], [("bench.receivers.do_nothing", ())] * JOBS))
            minimal_jobs.append(_work_jobs(installation, workers[0], list(islice(commission_job, JOBS))))
            by_one_worker.append(settle(workers[:1]))
            by_two_workers.append(settle(workers))
        with writes.counted(installation) as counted:
            settle(workers[:1])
    name = f"renewal invoices settled at {payments:,} payments"
    return [
        compared(f"{name}, beside RQ's do-nothing jobs", by_one_worker, empty_jobs, unit="/s", at_least=7),
        compared(
            f"{name}, beside one RQ job that reads and inserts", by_one_worker, minimal_jobs, unit="/s", at_least=12
        ),
        compared(f"{name} by two workers, beside one", by_two_workers, by_one_worker, unit="/s", at_least=1.8),
        bounded("index entries written for a renewal", counted.index_entries / INVOICES, unit="", at_most=24),
        reported("write-ahead log of a renewal", [counted.wal_bytes / INVOICES], unit="bytes"),
    ]


@contextmanager
def prepared(payments: int, due: int) -> Iterator[tuple[Installation, list[Worker]]]:
    """An installation with `payments` settled payments and `due` due renewals, and two idle workers.

    This process is connected to it until another is prepared.
    """
    number = min(payments, SUBSCRIPTIONS)
    months = payments // number
    with installed() as installation, working(installation.settings.data_dir, 2) as workers:
        subscriptions.fill(installation, number, months)
        story = documents.story(months + -(-(due + INVOICES) // number))
        coming = _copies(story.renewals[months - 1 :], number)
        inbox.fill(installation, islice(coming, due + INVOICES))
        inbox.tidy(installation)
        settle(workers[:1])  # the first batches of a process create its connections and plans
        yield installation, workers


def _copies(events: Sequence[Template], number: int) -> Iterator[Template]:
    """Copies of each event for `number` subscriptions, month by month, in the order of billing days."""
    return (event.copy(copied, subscriptions.code_of(copied)) for event in events for copied in range(number))


def settle_all(workers: Sequence[Worker]) -> None:
    """Let all workers settle until no event is due."""
    for worker in workers:
        worker.begin("settle", ALL)
    for worker in workers:
        worker.end()


def settle(workers: Sequence[Worker]) -> float:
    """Let all workers settle their batches at the same time; returns invoices per second of all together."""
    began = time.perf_counter()
    for worker in workers:
        worker.begin("settle", BATCHES)
    for worker in workers:
        worker.end()
    return INVOICES * len(workers) / (time.perf_counter() - began)


def _work_jobs(installation: Installation, worker: Worker, jobs: Sequence[tuple[str, tuple[str, ...]]]) -> float:
    """Jobs per second of RQ's own worker; the jobs (function and arguments) are queued before."""
    with redis.Redis.from_url(installation.settings.redis_url) as connection:
        queue = Queue(receivers.QUEUE, connection=connection)
        queue.enqueue_many([Queue.prepare_data(function, args=arguments) for function, arguments in jobs])
    return len(jobs) / worker.run("work_jobs", len(jobs))


def _commission_jobs(installation: Installation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A job for each renewal of subscriptions whose referrals are in the bare table."""
    url = libpq_url(installation.settings)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(receivers.REFERRALS)
        (renewal,) = documents.story(months=1).renewals
        for number in range(SUBSCRIPTIONS):
            invoice = renewal.copy(number)
            if number % JOBS == 0:
                _insert_referrals(connection, range(number, number + JOBS))
            yield "bench.receivers.commission", (url, invoice.body)


def _insert_referrals(connection: psycopg.Connection, numbers: range) -> None:
    subscription = documents.story(months=1).beginning[0].object_id
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO bare_referrals VALUES (%s, 'ada', 2000) ON CONFLICT DO NOTHING",
            [[subscription.replace(documents.TOKEN, documents.token(number))] for number in numbers],
        )
