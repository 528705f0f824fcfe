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
"""Customers that are there when the batch comes."""
SCANS = 4
"""How often a batch may read a table over."""
HOT = [
    *("stripe_events", "stripe_objects", "evidence", "attributions", "payments", "conversions"),
    *("commissions", "posted_commissions", "journal_entries", "postings", "lookups"),
]
_READ = text("""
    SELECT relname, seq_tup_read + (
        SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes AS indexes
        WHERE indexes.relid = tables.relid
    ) FROM pg_stat_user_tables AS tables WHERE relname = ANY (:tables)
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


def rows_read(young: Engine) -> dict[str, int]:
    """By table, the rows that scans of it and of its indexes have read so far."""
    with db.transaction() as session:  # the drain's connection, which keeps its counts for a while
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with young.connect() as connection:
        return {table: int(number) for table, number in connection.execute(_READ, {"tables": HOT})}


def test_no_table_is_read_again_for_every_row_of_a_batch(deliver: Deliver, drain: Drain, young: Engine) -> None:
    """Whole tables may be scanned a few times by a batch; a prefix of an index that selects nothing shows as dozens."""
    deliver(first_payments(BETWEEN))
    drain()
    deliver(first_payments(BATCH))
    before = rows_read(young)
    drain()
    after = rows_read(young)
    with young.connect() as connection:
        sizes = {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in HOT}
    assert sizes["commissions"] == BETWEEN + BATCH
    times = {table: (after[table] - before[table]) / max(1, sizes[table]) for table in HOT}
    assert max(times.values()) > 0
    assert {table: share for table, share in times.items() if share > SCANS} == {}
