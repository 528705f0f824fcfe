"""What is in the statement of which month, as the ledger's clock goes from month to month."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from app import db
from app.integrity import verify
from app.programs.models import Program
from app.statements import periods
from tests import cast
from tests.api.sales import sell
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.ledger.statistics import move
from tests.ledger_clock import LedgerClock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.waiting import eventually
from worker.ledger.balances import advance
from worker.ledger.months import close_due

from .months import PATIENCE, close_at, lines, moment, owed, sell_at, set_zone, statements


def test_refund_in_december_of_a_sale_in_october_is_in_decembers_statement_with_its_date(
    merchant: Merchant, clock: LedgerClock, deliver: Deliver, drain: Drain
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    cleo.now = int(moment("2026-10-10T12:00:00").timestamp())
    first = cleo.subscribes()
    clock.set(moment("2026-10-10T12:00:05"))
    deliver(first.events)
    drain()
    close_at(clock, "2026-11-01T00:00:10")
    october = statements(merchant)["2026-10"]
    cleo.now = int(moment("2026-12-03T09:00:00").timestamp())
    refund = cleo.is_refunded(first, 1000)
    clock.set(moment("2026-12-03T09:00:05"))
    deliver(refund.events)
    drain()
    close_at(clock, "2027-01-01T00:00:10")
    kept = statements(merchant)
    assert sorted(kept) == ["2026-10", "2026-11", "2026-12"]
    assert (kept["2026-10"].hash, owed(kept["2026-10"])) == (october.hash, (0, 980))
    assert lines(kept["2026-10"]) == [("accrual", "2026-10-10", 980)]
    assert (lines(kept["2026-11"]), owed(kept["2026-11"])) == ([], (980, 980))
    assert lines(kept["2026-12"]) == [("adjustment", "2026-12-03", -200)]
    assert owed(kept["2026-12"]) == (980, 780)
    assert [kept[month].previous_hash for month in sorted(kept)] == [None, october.hash, kept["2026-11"].hash]
    assert_ledger_sound()


def test_transactions_that_commit_across_the_months_end_are_in_one_statement_each(
    merchant: Merchant, clock: LedgerClock
) -> None:
    """The first posts before the end and commits after it, the second begins before it and posts after it."""
    sell_at(clock, merchant, "2026-10-02T00:00:00", 1)
    sell_at(clock, merchant, "2026-10-02T00:00:00", 2, "ben")
    with ThreadPoolExecutor() as pool:
        with db.transaction() as second:
            second.execute(text("SELECT pg_current_xact_id()"))
            with db.transaction() as first:
                clock.set(moment("2026-10-31T23:59:59"))
                sell(first, merchant, "ada", 3)
                clock.set(moment("2026-11-01T00:00:01"))
                sell(second, merchant, "ben", 4)
                closing = pool.submit(close_due)
                eventually(_fence_waits)
                assert statements(merchant) == {}
        closing.result(PATIENCE)
    close_due()
    close_at(clock, "2026-12-01T00:00:01")
    ada, ben = statements(merchant), statements(merchant, "ben")
    assert [owed(ada["2026-10"]), owed(ada["2026-11"])] == [(0, 2 * 980), (2 * 980, 2 * 980)]
    assert [owed(ben["2026-10"]), owed(ben["2026-11"])] == [(0, 980), (980, 2 * 980)]
    assert (ada["2026-10"].entry_count, ada["2026-11"].entry_count) == (2, 0)
    assert (ben["2026-10"].entry_count, ben["2026-11"].entry_count) == (1, 1)
    assert_ledger_sound()


def _fence_waits() -> bool:
    waiting = """
        SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                       WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)
    """
    with db.transaction() as session:
        return bool(session.scalar(text(waiting)))


ZONES = [("UTC", "Pacific/Auckland"), ("Pacific/Auckland", "America/Los_Angeles")]
LAST_DAYS = [
    ("2024-02-29T23:00:00", "2024-03-31T22:00:00", "2024-03"),
    ("2027-09-30T22:00:00", "2027-10-31T23:00:00", "2027-10"),
]


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_month_after_a_change_of_time_zone_begins_where_the_one_before_ended(
    merchant: Merchant, clock: LedgerClock, before: str, after: str
) -> None:
    set_zone(merchant, before)
    sell_at(clock, merchant, "2026-09-10T00:00:00", 1)
    close_at(clock, "2026-10-01T12:00:00")
    set_zone(merchant, after)
    for day in range(1, 33, 2):
        sell_at(clock, merchant, f"2026-{9 + (day + 28) // 31:02}-{(day + 28) % 31 + 1:02}T20:00:00", 100 + day)
    close_at(clock, "2026-11-02T12:00:00")
    kept = statements(merchant)
    september, october = kept["2026-09"], kept["2026-10"]
    assert october.begins_at == september.ends_at
    assert (september.time_zone, october.time_zone) == (before, after)
    assert owed(october)[0] == owed(september)[1]
    with db.transaction() as session:
        [(accrued, latest)] = session.execute(
            text("SELECT count(*), max(recorded_at) FROM journal_entries WHERE recorded_at < :end"),
            {"end": october.ends_at},
        ).all()
    assert september.entry_count + october.entry_count == accrued
    assert latest < october.ends_at
    assert_ledger_sound()


@pytest.mark.parametrize(("begin", "end", "month"), LAST_DAYS)
def test_a_month_that_ends_on_the_day_the_clocks_change_has_the_bounds_of_its_own_days(
    merchant: Merchant, clock: LedgerClock, begin: str, end: str, month: str
) -> None:
    """Berlin changes on 31 March 2024 and on 31 October 2027: an hour of the last day is missing, or there twice."""
    set_zone(merchant, "Europe/Berlin")
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET created_at = :at"), {"at": moment(begin)})
    first, last = moment(begin), moment(end) - timedelta(seconds=1)
    sell_at(clock, merchant, first.replace(tzinfo=None).isoformat(), 1)
    sell_at(clock, merchant, last.replace(tzinfo=None).isoformat(), 2)
    sell_at(clock, merchant, end, 3)
    close_due()
    [closed] = statements(merchant).values()
    assert (closed.begins_at, closed.ends_at, f"{closed.month:%Y-%m}") == (moment(begin), moment(end), month)
    assert (closed.entry_count, owed(closed)) == (2, (0, 2 * 980))


def test_a_changed_past_is_seen_only_in_a_later_month(merchant: Merchant, clock: LedgerClock) -> None:
    commission_id = sell_at(clock, merchant, "2026-08-05T00:00:00", 1)
    close_at(clock, "2026-10-01T00:00:01")
    shown = {month: (one.hash, owed(one)) for month, one in statements(merchant).items()}
    clock.set(moment("2026-10-05T00:00:00"))
    with db.transaction() as session:
        move(session, merchant, commission_id, "partner_accrued", "commission_expense", 500)
        sell(session, merchant, "ada", 2, sold_at=moment("2026-08-20T00:00:00"))
    close_at(clock, "2026-11-01T00:00:01")
    after = {month: (one.hash, owed(one)) for month, one in statements(merchant).items()}
    assert {month: after[month] for month in shown} == shown
    assert after["2026-10"][1] == (980, 980 - 500 + 980)
    assert sorted(lines(statements(merchant)["2026-10"])) == [
        ("accrual", "2026-08-20", 980),
        ("adjustment", "2026-12-11", -500),
    ]


def test_no_statement_where_nothing_moved_and_nothing_is_owed(merchant: Merchant, clock: LedgerClock) -> None:
    commission_id = sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    clock.set(moment("2026-06-05T00:00:00"))
    with db.transaction() as session:
        move(session, merchant, commission_id, "partner_accrued", "commission_expense", 980)
    sell_at(clock, merchant, "2026-08-05T00:00:00", 2)
    close_at(clock, "2026-09-15T00:00:00")
    kept = statements(merchant)
    assert sorted(kept) == ["2026-05", "2026-06", "2026-08"]
    assert (kept["2026-08"].number, kept["2026-08"].previous_hash) == (3, kept["2026-06"].hash)
    assert owed(kept["2026-08"]) == (0, 980)
    assert statements(merchant, "ben") == {}
    with db.transaction() as session:
        assert not {verify.CHAINS, verify.STATEMENTS} & {breach.rule for breach in verify.verify(session)}


def test_a_later_program_of_an_owner_begins_with_the_month_it_was_made_in(
    merchant: Merchant, clock: LedgerClock
) -> None:
    """The owner's first program has had entries for months; the second is made in the middle of August."""
    sell_at(clock, merchant, "2026-02-05T00:00:00", 1)
    with db.transaction() as session:
        later = cast.open_program(session, merchant)
        program = session.get_one(Program, later)
        program.created_at, program.time_zone = moment("2026-08-31T23:30:00"), "Europe/Berlin"
    clock.set(moment("2026-09-20T00:00:00"))
    with db.transaction() as session:
        running = periods.load_running(session, later)
        assert (f"{running.month:%Y-%m-%d}", running.begins_at) == ("2026-09-01", moment("2026-08-31T22:00:00"))
    close_at(clock, "2026-11-05T00:00:00")
    with db.transaction() as session:
        months = session.scalars(
            text("SELECT month FROM statement_periods WHERE program_id = :id ORDER BY month"), {"id": later}
        ).all()
    assert [f"{month:%Y-%m}" for month in months] == ["2026-09", "2026-10"]


def test_currencies_and_modes_have_statements_of_their_own(merchant: Merchant, clock: LedgerClock) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    sell_at(clock, merchant, "2026-05-06T00:00:00", 2, currency="jpy", base_minor=1000)
    sell_at(clock, merchant, "2026-05-07T00:00:00", 3, livemode=True, base_minor=100)
    close_at(clock, "2026-06-01T00:00:01")
    with db.transaction() as session:
        rows = session.execute(text("SELECT livemode, currency, number, closing_accrued_minor FROM statements")).all()
    assert sorted(map(tuple, rows)) == [(False, "jpy", 1, 200), (False, "usd", 1, 980), (True, "usd", 1, 20)]
    assert_ledger_sound()


def test_events_without_an_outcome_at_the_end_are_counted(
    merchant: Merchant, clock: LedgerClock, deliver: Deliver, drain: Drain
) -> None:
    sell_at(clock, merchant, "2026-05-05T00:00:00", 1)
    late = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    deliver(late.events)
    with db.transaction() as session:
        session.execute(
            text("UPDATE stripe_events SET received_at = '2026-05-31T23:59:59Z' WHERE processed_at IS NULL")
        )
    close_at(clock, "2026-06-01T00:00:01")
    drain()
    close_at(clock, "2026-07-01T00:00:01")
    kept = statements(merchant)
    assert (kept["2026-05"].unprocessed_events, kept["2026-06"].unprocessed_events) == (len(late.events), 0)
    assert (owed(kept["2026-05"]), owed(kept["2026-06"])) == ((0, 980), (980, 2 * 980))


def test_an_entry_of_before_the_clock_was_set_back_is_in_its_month(merchant: Merchant, clock: LedgerClock) -> None:
    """Recorded a second ahead of the clock as it is after it was set back, and before the checkpoint of that time."""
    sell_at(clock, merchant, "2026-05-05T00:00:01", 1)
    clock.set(moment("2026-05-05T00:00:00"))
    advance()
    sell_at(clock, merchant, "2026-05-06T00:00:00", 2)
    advance()
    close_at(clock, "2026-06-01T00:00:01")
    may = statements(merchant)["2026-05"]
    assert (may.entry_count, owed(may)) == (2, (0, 2 * 980))
    assert_ledger_sound()
