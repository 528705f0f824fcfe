"""However long the queue of one endpoint is, a claim reads about what it takes, and the others come first too."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, event, text

from app import db
from app.outbox import sending
from tests.plans import rows_read

from .desk import Desk

LONG = 3_000
"""Messages that wait for one endpoint."""
QUIET = 5
"""Other endpoints, with one message each."""
MOST_READ = 60
"""Rows that a claim of one message each may read."""
QUEUE = """
    WITH made AS (
        INSERT INTO outbound_messages (id, organization_id, livemode, type, data, occurred_at)
        SELECT gen_random_uuid(), :organization_id, false, 'commission.accrued', '{}', now()
        FROM generate_series(1, :number) RETURNING id
    )
    INSERT INTO outbound_deliveries (id, message_id, endpoint_id, organization_id, livemode, type, next_attempt_at)
    SELECT gen_random_uuid(), id, :endpoint_id, :organization_id, false, 'commission.accrued',
           now() - interval '1 hour' * :hours
    FROM made
"""


@pytest.fixture
def endpoints(desk: Desk, database: Engine) -> list[UUID]:
    """One endpoint with a long queue, and after it several with one message each, which became due later."""
    made = [desk.opens(f"https://hooks.shop.example/{number}") for number in range(QUIET + 1)]
    with db.transaction() as session:
        for endpoint_id, number, hours in ((made[0], LONG, 2), *((quiet, 1, 1) for quiet in made[1:])):
            values = {"organization_id": desk.merchant.organization_id, "endpoint_id": endpoint_id}
            session.execute(text(QUEUE), {**values, "number": number, "hours": hours})
    with db.transaction() as session:
        session.execute(text("SET LOCAL ROLE NONE"))
        session.execute(text("ANALYZE outbound_deliveries"))
    return made


def rows_read_by(statement_of: str, call: Any) -> int:
    """The rows that the statement with these words reads when `call` executes it."""
    found: list[int] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if statement_of in statement and not statement.startswith("EXPLAIN"):
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
            savepoint = connection.begin_nested()
            found.append(rows_read(connection.exec_driver_sql(explained, parameters).scalar_one()[0]["Plan"]))
            savepoint.rollback()

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        call()
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    [read] = found
    return read


def test_a_claim_reads_about_what_it_takes(endpoints: list[UUID]) -> None:
    claimed: list[sending.ClaimedDelivery] = []

    def claim() -> None:
        with db.transaction() as session:
            claimed.extend(sending.claim(session, most=64, places=1, known={}, now=datetime.now(UTC)))

    assert rows_read_by("FOR UPDATE SKIP LOCKED", claim) <= MOST_READ
    assert sorted(delivery.endpoint_id for delivery in claimed) == sorted(endpoints)


def test_the_age_of_the_oldest_is_found_without_reading_the_queue(endpoints: list[UUID]) -> None:
    ages: list[float | None] = []

    def measure() -> None:
        with db.transaction() as session:
            ages.append(sending.oldest_due_seconds(session))

    assert rows_read_by("min(oldest.next_attempt_at)", measure) <= MOST_READ
    assert ages[0] == pytest.approx(2 * 3600, abs=120)
