"""A flood: deliveries as fast as 16 senders can, while two workers settle; the ledger is compared with an oracle.

The oracle is that of the tests: it computes what each subscription should have earned from its facts alone.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, quantiles
from typing import Final
from urllib.parse import urlsplit

import psycopg

from app import db
from app.runtime.stack import Stack
from bench import documents, inbox, load, memory, young
from bench.documents import Story, Template
from bench.figures import Figure, bounded_beside, reported
from bench.installation import Installation, libpq_url
from tests import books
from tests.books import Books
from tests.properties.oracle import Returned, expected_books

SAMPLE_SECONDS: Final = 0.5


@dataclass
class _Memory:
    """Resident megabytes of the largest web process and the largest worker, sampled over time."""

    served: Stack
    web: list[float] = field(default_factory=list)
    workers: list[float] = field(default_factory=list)

    def sample(self) -> None:
        self.web.append(memory.largest_mb(memory.web_pids(self.served)))
        self.workers.append(memory.largest_mb(memory.worker_pids(self.served)))


def measure(installation: Installation, served: Stack, port: int, *, deliveries: int) -> list[Figure]:
    """At least `deliveries` deliveries of whole subscriptions, until all are settled.

    Raises:
        RuntimeError: a delivery was not answered 200, or the ledger differs from the oracle.
    """
    _keep_clock_from_approving(installation)
    story = documents.story(months=1)
    subscriptions = _subscriptions(story, deliveries)
    path, secret = urlsplit(installation.merchant.webhook_url).path, installation.merchant.webhook_secret
    requests = [load.request(path, event.body, secret) for events in subscriptions for event in events]
    with _sampled(served) as sizes:
        began = time.perf_counter()
        run = load.send(port, requests)
        inbox.await_settled()
        seconds = time.perf_counter() - began
    _compare(story, len(subscriptions))
    name = f"flood of {len(requests):,} deliveries"
    cuts = quantiles(run.milliseconds, n=100)
    latencies = {"median": cuts[49], "95th percentile": cuts[94], "99th percentile": cuts[98]}
    return [
        reported(f"{name}: acknowledged a second", [run.rate], unit="/s"),
        reported(f"{name}: settled after the last answer", [seconds - run.seconds], unit="s"),
        *(reported(f"{name}: answer, {part}", [ms], unit="ms") for part, ms in latencies.items()),
        reported(f"{name}: answer, longest", [max(run.milliseconds)], unit="ms"),
        _flat(f"{name}: a web process in the last quarter, beside the first", sizes.web),
        _flat(f"{name}: a worker in the last quarter, beside the first", sizes.workers),
    ]


def _keep_clock_from_approving(installation: Installation) -> None:
    """Approve by hand only, because the oracle does not compute holdbacks."""
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        connection.execute("UPDATE snapshots SET holdback_days = NULL")
        connection.execute("UPDATE terms SET holdback_days = NULL")


def _subscriptions(story: Story, deliveries: int) -> list[list[Template]]:
    found: list[list[Template]] = []
    events = 0
    for subscription in young.mixed(story, 2 * deliveries):
        if events >= deliveries:
            break
        found.append(subscription)
        events += len(subscription)
    return found


@contextmanager
def _sampled(served: Stack) -> Iterator[_Memory]:
    """Sample memory for the length of the block."""
    sizes, is_over = _Memory(served), threading.Event()

    def sample() -> None:
        while not is_over.wait(SAMPLE_SECONDS):
            sizes.sample()

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield sizes
    finally:
        is_over.set()
        sampler.join()


def _flat(name: str, megabytes: list[float]) -> Figure:
    quarter = max(len(megabytes) // 4, 1)
    first, last = fmean(megabytes[:quarter]), fmean(megabytes[-quarter:])
    return bounded_beside(name, [last], [first], unit="MB", at_most=memory.MAX_MB)


def _compare(story: Story, subscriptions: int) -> None:
    """Compare balances and commissions of all subscriptions together with the oracle's."""
    expected = books.total(_expected(story, number) for number in range(subscriptions))
    with db.transaction() as session:
        totals = books.total(books.read_all(session).values())
    if (totals.balances, totals.commissions) != (expected.balances, expected.commissions):
        raise RuntimeError(f"the ledger holds {totals.balances} instead of {expected.balances}, or other commissions")


def _expected(story: Story, number: int) -> Books:
    first = story.purchases[0]
    returned = [Returned(first, documents.REFUNDED_MINOR)] if young.is_refunded(number) else []
    returned += [Returned(first, first.bill.charged_minor)] if young.is_disputed(number) else []
    return expected_books(story.purchases, returned)
