"""The clock approves a backlog of any size in batches, each of which reads about what it takes."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event, text

from app import db
from app.commissions.decisions import maturing
from tests.cast import HOLDBACK_DAYS
from tests.conftest import Deliver, Drain
from tests.maturing import clock
from tests.plans import rows_read
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

SALES = 120
HELD = 80
BATCH = 4
MOST_READ = 40
"""Rows of one batch that share their place are sorted, at least 32 at a time."""
LATER = datetime.now(UTC) + timedelta(days=HOLDBACK_DAYS)
SPREAD = """
    UPDATE commissions SET mature_at = mature_at + make_interval(secs => numbered.place)
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM commissions) AS numbered
    WHERE numbered.id = commissions.id
"""
HOLD = """
    UPDATE payments SET held_until = '2100-01-01'
    WHERE id IN (SELECT payment_id FROM conversions JOIN commissions ON commissions.conversion_id = conversions.id
                 ORDER BY mature_at LIMIT :most)
"""


@pytest.fixture
def backlog(deliver: Deliver, drain: Drain) -> None:
    """Sales whose holdback has ended, each a second after the other."""
    sales = [Customer(CLOVER, Marks(subscription="ada")).subscribes() for _ in range(SALES)]
    kinds = ("customer.subscription.created", "invoice.paid")
    deliver([each for sale in sales for each in sale.only(*kinds).events])
    drain()
    with db.transaction() as session:
        session.execute(text(SPREAD))


def reads_of_batches() -> tuple[int, list[int]]:
    """What a walk settled, and the most rows that each of its batches read to find what is mature."""
    found: list[int] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "mature_at" in statement and "LIMIT" in statement and not statement.startswith("EXPLAIN"):
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
            found.append(rows_read(connection.exec_driver_sql(explained, parameters).scalar_one()[0]["Plan"]))

    with db.transaction() as session:
        walk = maturing.begin(session, now=LATER)
    while walk.stage == "holdbacks":
        with db.transaction() as session:
            for way in ("seqscan", "bitmapscan", "sort"):  # of so few rows it may read all, and sort them
                session.execute(text(f"SET LOCAL enable_{way} = off"))
            engine = session.get_bind()
            event.listen(engine, "before_cursor_execute", explain)
            walk = maturing.settle_next(session, walk, limit=BATCH)
            event.remove(engine, "before_cursor_execute", explain)
    return walk.settled, found


@pytest.mark.usefixtures("backlog")
def test_a_batch_reads_few_more_commissions_than_it_approves() -> None:
    settled, reads = reads_of_batches()
    assert (settled, len(reads)) == (SALES, SALES // BATCH + 1)
    assert max(reads) <= MOST_READ


@pytest.mark.usefixtures("backlog")
def test_payments_on_hold_are_read_once_and_delay_no_other() -> None:
    with db.transaction() as session:
        session.execute(text(HOLD), {"most": HELD})
    settled, [first, *others] = reads_of_batches()
    assert settled == SALES - HELD
    assert first > HELD
    assert max(others) <= MOST_READ


@pytest.mark.usefixtures("backlog")
def test_all_commissions_of_a_payment_are_approved_whatever_batch_they_are_in() -> None:
    assert clock(LATER, limit=1) == SALES
    assert clock(LATER) == 0
