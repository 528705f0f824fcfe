"""`accrual statements` and `accrual statement`: months of a partner on the command line."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import db, ids
from app.errors import InvalidRequest, NotFound
from tests.api.sales import sell
from tests.cast import Merchant
from tests.ledger_clock import LedgerClock, ledger_clock
from tests.servers import Servers
from worker.ledger.months import close_due

from .conftest import Accrual


@pytest.fixture
def may(servers: Servers, database_url: str, merchant: Merchant) -> Iterator[LedgerClock]:
    """Ada sold in May, which is closed, and in June, which runs."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET created_at = '2026-05-01T00:00:00Z'"))
    with ledger_clock(servers, database_url) as clock:
        for number, written in enumerate(("2026-05-05T00:00:00", "2026-06-05T00:00:00")):
            clock.set(datetime.fromisoformat(written).replace(tzinfo=UTC))
            close_due()
            with db.transaction() as session:
                sell(session, merchant, "ada", number)
        yield clock


def test_a_partners_months_are_listed_after_the_running_one(accrual: Accrual, may: LedgerClock) -> None:
    running, closed = accrual("statements", "ada")
    assert (running["status"], running["month"], running["closing_cents"]) == ("preview", "2026-06", 1960)
    assert (closed["status"], closed["month"], closed["closing_cents"]) == ("closed", "2026-05", 980)
    assert accrual("statements", "ben") == []


def test_a_statement_is_shown_by_its_id_or_its_month(accrual: Accrual, merchant: Merchant, may: LedgerClock) -> None:
    _, closed = accrual("statements", "ada")
    shown = accrual("statement", closed["id"])
    assert {name: shown[name] for name in closed} == closed
    assert [line["kind"] for line in shown["lines"]] == ["accrual"]
    assert accrual("statement", "ada", "--month", "2026-05") == shown
    public_id = ids.encode("par", merchant.partners["ada"])
    assert accrual("statement", public_id, "--month", "2026-05", "--currency", "usd") == shown
    running = accrual("statement", "ada")
    assert (running["status"], running["opening_cents"], len(running["lines"])) == ("preview", 980, 1)


def test_a_statement_is_printed_as_a_table_and_as_csv(accrual: Accrual, may: LedgerClock) -> None:
    table = accrual("statement", "ada", "--month", "2026-05", json_expected=False).stdout
    assert "was earned: 9.80 USD." in table
    printed = accrual("statement", "ada", "--month", "2026-05", "--csv", json_expected=False).stdout
    assert [row["kind"] for row in csv.DictReader(io.StringIO(printed))] == ["opening", "accrual", "closing"]


def test_a_month_without_a_statement_is_refused_with_what_to_do(accrual: Accrual, may: LedgerClock) -> None:
    with pytest.raises(InvalidRequest, match="2026-06 is not closed; leave out --month"):
        accrual("statement", "ada", "--month", "2026-06")
    with pytest.raises(NotFound, match="ada has no statement of 2026-05 in jpy; `accrual statements` lists them"):
        accrual("statement", "ada", "--month", "2026-05", "--currency", "jpy")
    with pytest.raises(InvalidRequest, match="'May' is not a month; write 2026-10"):
        accrual("statement", "ada", "--month", "May")
