"""The closing of months: repeated, beside another, out of time, and where one program fails."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app import db
from app.ledger.recorded_time import fences
from app.statements import closing, periods
from tests import cast
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.ledger_clock import LedgerClock
from tests.outbox.listening import listen, types_for
from worker.ledger.balances import advance
from worker.ledger.months import close_due

from .months import PATIENCE, close_at, lines, moment, sell_at, statements


def test_checkpoints_in_between_change_nothing(merchant: Merchant, clock: LedgerClock) -> None:
    """Statements made with and without earlier checkpoints have the same lines."""
    for number in range(1, 9):
        sell_at(clock, merchant, f"2026-0{number}-20T00:00:00", number, "ada" if number % 3 else "ben")
        if number % 2:
            advance()
    close_at(clock, "2026-09-01T00:00:01")
    assert [lines(one) for _, one in sorted(statements(merchant).items())] == [
        [("accrual", f"2026-0{number}-20", 980)] if number % 3 else [] for number in range(1, 9)
    ]
    assert_ledger_sound()


def test_two_clocks_close_a_month_once(merchant: Merchant, clock: LedgerClock) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    clock.set(moment("2026-06-01T00:00:01"))
    with ThreadPoolExecutor() as pool:
        for each in [pool.submit(close_due) for _ in range(2)]:
            each.result(PATIENCE)
    assert sorted(statements(merchant)) == ["2026-05"]
    assert_ledger_sound()


def test_a_closing_that_ends_before_its_commit_leaves_nothing_and_is_repeated(
    merchant: Merchant, clock: LedgerClock
) -> None:
    endpoint = listen(merchant.organization_id, "statement.closed")
    sell_at(clock, merchant, "2026-01-20T00:00:00", 1)
    clock.set(moment("2026-02-01T00:00:01"))
    advance()
    with db.transaction() as session:
        [period] = periods.load_due(session)
        fenced_at = fences.fence(session, period.organization_id, period.program_id)
    with db.transaction() as session:
        assert closing.close(session, period, fenced_at) == 1
        session.rollback()
    assert (statements(merchant), types_for(endpoint)) == ({}, [])
    close_due()
    with db.transaction() as session:
        assert closing.close(session, period, fenced_at) is None
    assert (sorted(statements(merchant)), types_for(endpoint)) == (["2026-01"], ["statement.closed"])
    assert_ledger_sound()


@pytest.fixture
def other(clock: LedgerClock) -> Merchant:
    """Another shop that Ada sells for; both programs begin in May."""
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other")
        cast.enroll(session, other, "ada")
        session.execute(text("UPDATE programs SET created_at = '2026-05-01T00:00:00Z'"))
    return other


def test_closing_stops_when_its_time_is_over_and_goes_on_the_next_time(
    merchant: Merchant, other: Merchant, clock: LedgerClock
) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    sell_at(clock, other, "2026-05-05T00:00:00", 2)
    clock.set(moment("2026-06-01T00:00:01"))
    closed = []
    for _ in range(3):
        close_due(0)
        closed.append(len(statements(merchant)) + len(statements(other)))
    assert closed == [1, 2, 2]


def test_a_month_that_cannot_be_closed_does_not_stop_other_programs(
    merchant: Merchant, other: Merchant, clock: LedgerClock
) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    sell_at(clock, other, "2026-05-05T00:00:00", 2)
    clock.set(moment("2026-05-07T00:00:00"))
    advance()
    with db.transaction() as session:
        session.execute(
            text("UPDATE balance_checkpoints SET accrued_minor = 1 WHERE program_id = :id"), {"id": merchant.program_id}
        )
    close_at(clock, "2026-06-01T00:00:01")
    assert statements(merchant) == {}
    assert sorted(statements(other)) == ["2026-05"]
