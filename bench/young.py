"""Settling into tables without statistics, as in a merchant's first hour or first backfill."""

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import psycopg

from bench import documents, inbox
from bench.documents import Story, Template
from bench.figures import Figure, compared, reported
from bench.installation import Installation, installed, libpq_url
from bench.settlement import settle_all
from bench.worker import working

SLICE: Final = 3_000
"""Sales inserted into the inbox and settled at a time."""
ENDS: Final = 3
"""The number of first and of last slices that are compared."""
REFUNDED_EVERY: Final = 10
DISPUTED_EVERY: Final = 50


def measure_first_payments(*, payments: int) -> list[Figure]:
    """First payments, each of a different subscription: the last slices compared with the first."""
    story = documents.story(months=1)
    sales = ([event.copy(number) for event in story.beginning] for number in range(payments))
    rates = _settled(sales)
    name = f"events of first payments settled on young tables, the last of {payments:,} beside the first"
    return [compared(name, rates[-ENDS:], rates[:ENDS], unit="/s", at_least=0.9)]


def measure_mixed(*, payments: int) -> list[Figure]:
    """Subscriptions that begin and renew; a tenth are partially refunded and a fiftieth disputed."""
    rates = _settled(mixed(documents.story(months=1), payments))
    name = f"events of mixed traffic settled on young tables, the last of {payments:,} payments beside the first"
    return [reported(name, rates[-ENDS:], rates[:ENDS], unit="/s")]


def is_refunded(number: int) -> bool:
    """Whether the first month of subscription `number` is partially refunded."""
    return number % REFUNDED_EVERY == 0


def is_disputed(number: int) -> bool:
    """Whether the first month of subscription `number` is disputed and lost."""
    return number % DISPUTED_EVERY == 1


def mixed(story: Story, payments: int) -> Iterator[list[Template]]:
    """The events of each subscription: first payment, renewal, and for some a refund or dispute."""
    for number in range(payments // 2):
        events = [*story.beginning, *story.renewals]
        if is_refunded(number):
            events += story.refund
        if is_disputed(number):
            events += story.dispute
        yield [event.copy(number) for event in events]


def _settled(sales: Iterable[Sequence[Template]]) -> list[float]:
    """Events per second of each slice, settled by one worker while no statistics are gathered."""
    rates = []
    unsettled = iter(sales)
    with installed() as installation, working(installation.settings.data_dir, 1) as workers:
        _disable_autovacuum(installation)
        while sliced := list(islice(unsettled, SLICE)):
            events = [event for sale in sliced for event in sale]
            inbox.fill(installation, events)
            began = time.perf_counter()
            settle_all(workers)
            rates.append(len(events) / (time.perf_counter() - began))
    return rates


def _disable_autovacuum(installation: Installation) -> None:
    with psycopg.connect(libpq_url(installation.settings), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
