"""How many paid renewal invoices a second become commissions and ledger entries, end to end in Postgres."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

import redis
from rq import Queue

from bench import documents, inbox, receivers
from bench.documents import Template
from bench.figures import Figure, compared
from bench.installation import Installation, installed
from bench.worker import ALL, Worker, working
from worker.inbox.drain import BATCH_SIZE

BATCHES: Final = 4
"""That each worker works in a round."""
INVOICES: Final = BATCHES * BATCH_SIZE
JOBS: Final = 400
"""That the queue's own worker does in a round."""
SUBSCRIPTIONS: Final = 100_000
"""At most; more payments than that are further months of the same subscriptions."""
FIRST_FILL: Final = 2_000
LARGEST_FILL: Final = 50_000
"""Events laid into the inbox at a time while the tables are filled, so that a million never lie in it."""


def measure(*, payments: int, rounds: int) -> list[Figure]:
    """One worker beside the queue's do-nothing jobs, and two beside one, with so many payments in the tables."""
    jobs, one, two = [], [], []
    with _prepared(payments, due=3 * INVOICES * (rounds + 1)) as (installation, workers):
        for _ in range(rounds):
            jobs.append(_do_nothing(installation, workers[0]))
            one.append(_settle(workers[:1]))
            two.append(_settle(workers))
    name = f"renewal invoices settled at {payments:,} payments"
    return [
        compared(f"{name}, beside RQ's do-nothing jobs", one, jobs, unit="/s", at_least=15),
        compared(f"{name} by two workers, beside one", two, one, unit="/s"),
    ]


def compare_sizes(*, few: int, many: int, rounds: int) -> list[Figure]:
    """One worker with `many` payments in the tables beside one with `few`, in turns."""
    at_few, at_many = [], []
    due = INVOICES * (rounds + 2)
    with _prepared(few, due) as (_, small), _prepared(many, due) as (_, large):
        for _ in range(rounds):
            at_few.append(_settle(small[:1]))
            at_many.append(_settle(large[:1]))
    name = f"renewal invoices settled at {many:,} payments, beside {few:,}"
    return [compared(name, at_many, at_few, unit="/s", at_least=0.85)]


@contextmanager
def _prepared(payments: int, due: int) -> Iterator[tuple[Installation, list[Worker]]]:
    """An installation with so many settled payments and `due` renewals in its inbox, and two idle workers."""
    subscriptions = min(payments, SUBSCRIPTIONS)
    months = payments // subscriptions
    with installed() as installation, working(installation.settings.data_dir, 2) as workers:
        story = documents.story(months - 1 + -(-due // subscriptions))
        past = _copies((*story.beginning, *story.renewals[: months - 1]), subscriptions)
        size = FIRST_FILL
        while filling := list(islice(past, size)):
            inbox.fill(installation, filling)
            _settle_all(workers)
            inbox.tidy(installation)  # tables that grow from nothing within seconds have no statistics to plan with
            size = min(2 * size, LARGEST_FILL)
        inbox.fill(installation, islice(_copies(story.renewals[months - 1 :], subscriptions), due))
        inbox.tidy(installation)
        _settle(workers)  # the first batches of a process make its connections and plans
        yield installation, workers


def _copies(events: Sequence[Template], subscriptions: int) -> Iterator[Template]:
    """Each event of the story for every subscription, month by month, as billing days come."""
    return (event.copy(number) for event in events for number in range(subscriptions))


def _settle_all(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.begin("settle", ALL)
    for worker in workers:
        worker.end()


def _settle(workers: Sequence[Worker]) -> float:
    """Let all work their share of due invoices at once; invoices a second, of all together."""
    began = time.perf_counter()
    for worker in workers:
        worker.begin("settle", BATCHES)
    for worker in workers:
        worker.end()
    return INVOICES * len(workers) / (time.perf_counter() - began)


def _do_nothing(installation: Installation, worker: Worker) -> float:
    """Jobs a second of RQ's own worker, the jobs queued beforehand."""
    with redis.Redis.from_url(installation.settings.redis_url) as connection:
        queue = Queue(receivers.QUEUE, connection=connection)
        queue.enqueue_many([Queue.prepare_data("bench.receivers.do_nothing") for _ in range(JOBS)])
    return JOBS / worker.do("do_nothing", JOBS)
