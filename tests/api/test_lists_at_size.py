"""Lists walk an index from its end: they sort nothing and read past nothing, however many rows there are."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, event, text

from app import db, ids
from tests.cast import Merchant
from tests.plans import nodes_of, rows_read

from .conftest import Caller
from .sales import sell

ROWS = 4000
# Where the newest are pending and what is asked for is old, a list that walks by age alone reads everything in between.
STATUS = f"CASE WHEN n % 500 = 0 THEN 'reversed' WHEN n < {ROWS // 2} THEN 'paid' ELSE 'accrued' END"


@pytest.fixture
def crowd(owner: Caller, merchant: Merchant, database_url: str) -> str:
    """Thousands of Ada's sales, the older half paid; gives her id."""
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        multiply(connection, "payments", id=numbered(1), key="'invoice:in_x' || n")
        multiply(connection, "conversions", id=numbered(2), payment_id=numbered(1))
        multiply(connection, "commissions", id=numbered(3), conversion_id=numbered(2), status=STATUS)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()
    return ids.encode(ids.AFFILIATE, merchant.partners["ada"])


def numbered(table: int) -> str:
    return f"('01900000-000{table}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def multiply(connection: Connection, table: str, **changed: str) -> None:
    """Copy the one row of a table many times, with some columns made from the number n."""
    names = connection.scalars(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = :table"), {"table": table}
    ).all()
    values = ", ".join(changed.get(name, f'row."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        text(
            f"INSERT INTO {table} ({columns}) SELECT {values} "
            f"FROM (SELECT * FROM {table} LIMIT 1) AS row, generate_series(1, {ROWS}) AS n"
        )
    )


@pytest.fixture
def statements(application: Flask) -> Iterator[list[tuple[str, object]]]:
    """Every statement from now on, with its parameters."""
    seen: list[tuple[str, object]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(db.web_engine(), "before_cursor_execute", keep)
    yield seen
    event.remove(db.web_engine(), "before_cursor_execute", keep)


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
    listing, parameters = next(one for one in reversed(statements) if "ORDER BY" in one[0] and "LIMIT" in one[0])
    with db.transaction() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {listing}", parameters).scalar()
    nodes = list(nodes_of(plan[0]["Plan"]))
    assert not any(node["Node Type"] == "Sort" for node in nodes)
    assert rows_read(plan[0]["Plan"]) < ROWS / 10
