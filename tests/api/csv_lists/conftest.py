"""A shop whose lists are read as CSV, also when they are long."""

import csv
import io

import pytest
from sqlalchemy import create_engine, text

from app import db, ids
from tests.api.conftest import Answer, Caller
from tests.api.sales import pay_unattributed, sell
from tests.api.test_lists_at_size import multiply, numbered
from tests.cast import Merchant

ROWS = 10_000
THREE_PAGES = 1_200
ACCEPT = {"Accept": "text/csv"}


def rows_of(answer: Answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.count("\n") == answer.text.count("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
def shop(owner: Caller, merchant: Merchant) -> dict[str, str]:
    """Three sales of Ada's and one that credits no partner; gives the paths of all lists by name."""
    with db.transaction() as session:
        for number in (1, 2, 3):
            sell(session, merchant, "ada", number)
        pay_unattributed(session, merchant, 4)
    program, ada = ids.encode("prog", merchant.program_id), ids.encode("par", merchant.partners["ada"])
    return {
        "partners": "/api/v1/partners",
        "affiliates": "/api/v1/affiliates",
        "affiliates of a program": f"/v1/admin/affiliate/programs/{program}/affiliates",
        "conversions": "/api/v1/conversions",
        "conversions of a program": f"/v1/admin/affiliate/programs/{program}/conversions",
        "commissions": "/api/v1/commissions",
        "commissions of a partner": f"/api/v1/partners/{ada}/commissions",
        "payments": "/api/v1/payments",
    }


def fill(database_url: str, rows: int) -> None:
    """More payments of Ada's customers, with their conversions and commissions, older than those of the shop."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        earned = "(SELECT * FROM payments WHERE outcome = 'accrued' LIMIT 1)"
        multiply(connection, "payments", source=earned, rows=rows, id=numbered(1), key="'invoice:in_x' || n")
        multiply(connection, "conversions", rows=rows, id=numbered(2), payment_id=numbered(1))
        multiply(connection, "commissions", rows=rows, id=numbered(3), conversion_id=numbered(2))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()


@pytest.fixture
def many(shop: dict[str, str], database_url: str) -> None:
    """Ten thousand payments, twenty pages."""
    fill(database_url, ROWS)


@pytest.fixture
def three_pages(shop: dict[str, str], database_url: str) -> None:
    fill(database_url, THREE_PAGES)


@pytest.fixture
def spoiled(three_pages: None, database_url: str) -> None:
    """One of the oldest payments cannot be shown."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE payments ALTER created_at DROP NOT NULL"))
        connection.execute(text("SET session_replication_role = replica"))
        old = {"id": "01900000-0001-7000-8000-000000000001"}
        spoil = text("UPDATE payments SET created_at = NULL WHERE id = :id")
        assert connection.execute(spoil, old).rowcount == 1
    engine.dispose()
