"""First payments on tables that have no statistics yet, as in a merchant's first hour or first backfill."""

import pytest
from sqlalchemy import Engine, text

from app import db
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER

BATCH = 60
"""Customers settled together."""
BETWEEN = 600
"""Customers that are there when the later batch comes."""
HOT = [
    *("stripe_events", "stripe_objects", "evidence", "attributions", "payments", "conversions"),
    *("commissions", "posted_commissions", "journal_entries", "postings", "lookups"),
]
_READ = text("""
    SELECT sum(idx_tup_read) + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname = ANY (:tables))
    FROM pg_stat_user_indexes WHERE relname = ANY (:tables)
""")


@pytest.fixture
def young(owner: Engine) -> Engine:
    """The database, where no hot table has statistics or will get any."""
    with owner.begin() as connection:
        for table in HOT:
            connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    return owner


def first_payments(number: int) -> list[Event]:
    sales = (Customer(CLOVER, Marks(subscription="ada")).subscribes() for _ in range(number))
    return [event for sale in sales for event in sale.only("customer.subscription.created", "invoice.paid").events]


def rows_read(young: Engine) -> int:
    """Entries of indexes and rows of scanned hot tables that all statements have read so far."""
    with db.transaction() as session:  # the drain's connection, which keeps its counts for a while
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with young.connect() as connection:
        return int(connection.scalar(_READ, {"tables": HOT}) or 0)


def test_settling_first_payments_reads_no_more_when_tables_have_grown(
    deliver: Deliver, drain: Drain, young: Engine
) -> None:
    def read_by_batch() -> int:
        deliver(first_payments(BATCH))
        before = rows_read(young)
        drain()
        return rows_read(young) - before

    deliver(first_payments(BATCH))
    drain()
    early = read_by_batch()
    deliver(first_payments(BETWEEN))
    drain()
    late = read_by_batch()
    assert 0 < late <= 2 * early
