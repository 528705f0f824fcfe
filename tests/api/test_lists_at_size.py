"""Lists walk an index from its end: they sort nothing and read past nothing, however many rows there are."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from app import db, ids
from app.organizations import audit
from app.organizations.actors import CLI
from tests.cast import Merchant
from tests.plans import nodes_of, rows_read

from .conftest import Caller
from .sales import sell

ROWS = 4000
# Where the newest are pending and what is asked for is old, a list that walks by age alone reads everything in between.
STATUS = f"CASE WHEN n % 500 = 0 THEN 'reversed' WHEN n < {ROWS // 2} THEN 'paid' ELSE 'accrued' END"
TIME = "timestamptz '2020-01-01 UTC' + make_interval(mins => n)"
EARLY = {"since": "2020-01-01T00:10:00Z", "until": "2020-01-01T00:20:00Z"}
"""Ten of the rows, among the oldest."""


@pytest.fixture
def crowd(owner: Caller, merchant: Merchant, database_url: str) -> str:
    """Thousands of Ada's sales, the older half paid; gives her id."""
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        audit.add_entry(session, CLI, "test.done", "", organization_id=merchant.organization_id, livemode=False)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        multiply(connection, "payments", id=numbered(1), key="'invoice:in_x' || n", occurred_at=TIME)
        multiply(connection, "conversions", id=numbered(2), payment_id=numbered(1))
        multiply(connection, "commissions", id=numbered(3), conversion_id=numbered(2), status=STATUS, accrued_at=TIME)
        multiply(connection, "stripe_events", without=("id",), stripe_id="'evt_x' || n", received_at=TIME)
        connection.execute(text("DELETE FROM audit_entries WHERE action <> 'test.done'"))
        multiply(connection, "audit_entries", id=numbered(4), created_at=TIME)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()
    return ids.encode(ids.AFFILIATE, merchant.partners["ada"])


def numbered(table: int) -> str:
    return f"('01900000-000{table}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def multiply(
    connection: Connection,
    table: str,
    *,
    source: str = "",
    rows: int = ROWS,
    without: Sequence[str] = (),
    **changed: str,
) -> None:
    """Copy a row of a table many times, with some columns made from the number n and some left out."""
    columns_of = text("SELECT column_name FROM information_schema.columns WHERE table_name = :table")
    names = [name for name in connection.scalars(columns_of, {"table": table}) if name not in without]
    values = ", ".join(changed.get(name, f'row."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        text(
            f"INSERT INTO {table} ({columns}) SELECT {values} "
            f"FROM {source or f'(SELECT * FROM {table} LIMIT 1)'} AS row, generate_series(1, {rows}) AS n"
        )
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/conversions", None),
        *(("/api/v1/conversions", status) for status in ("pending", "paid", "rejected")),
        ("/v1/admin/affiliate/programs/{program}/conversions", "paid"),
        ("/api/v1/commissions", None),
        *(("/api/v1/commissions", status) for status in ("accrued", "paid", "reversed")),
        ("/api/v1/partners/{ada}/commissions", "paid"),
    ],
)
def test_a_list_reads_little_more_than_it_shows(
    owner: Caller,
    merchant: Merchant,
    crowd: str,
    statements: list[tuple[str, object]],
    path: str,
    status: str | None,
) -> None:
    where = path.format(program=ids.encode(ids.PROGRAM, merchant.program_id), ada=crowd)
    answer = owner.get(where, limit=20, **({"status": status} if status else {}))
    [(_, shown)] = [item for item in answer.json.items() if isinstance(item[1], list)]
    assert shown
    plan = plan_of_list(statements)
    assert not any(node["Node Type"] == "Sort" for node in nodes_of(plan))
    assert rows_read(plan) < ROWS / 10


@pytest.mark.parametrize("path", ["conversions", "commissions", "payments", "events", "audit"])
@pytest.mark.usefixtures("crowd")
def test_a_list_of_a_short_period_long_ago_reads_past_few_others(
    owner: Caller, statements: list[tuple[str, object]], path: str
) -> None:
    answer = owner.get(f"/api/v1/{path}", limit=20, **EARLY)
    [(_, shown)] = [item for item in answer.json.items() if isinstance(item[1], list)]
    assert len(shown) == 10
    assert rows_read(plan_of_list(statements)) < ROWS / 4


def plan_of_list(statements: Sequence[tuple[str, object]]) -> dict[str, Any]:
    """How the last list was read."""
    listing, parameters = next(
        statement for statement in reversed(statements) if "ORDER BY" in statement[0] and "LIMIT" in statement[0]
    )
    with db.transaction() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {listing}", parameters).scalar()
    found: dict[str, Any] = plan[0]["Plan"]
    return found
