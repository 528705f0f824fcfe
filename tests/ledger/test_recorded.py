"""Entries are recorded at the time of posting, and nothing is recorded at or before a fence."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.errors import Unavailable
from app.ledger.recorded_time import fences
from tests import cast
from tests.api.sales import sell
from tests.cast import Merchant
from tests.ledger_clock import LedgerClock, ledger_clock
from tests.servers import Servers
from tests.waiting import eventually

PATIENCE = 30
"""Seconds after which a test that waits for another thread fails."""


@pytest.fixture
def clock(servers: Servers, database_url: str) -> Iterator[LedgerClock]:
    with ledger_clock(servers, database_url) as clock:
        yield clock


def _fence(shop: Merchant) -> datetime:
    with db.transaction() as session:
        return fences.fence(session, shop.organization_id, shop.program_id)


def _sell(shop: Merchant, number: int) -> None:
    with db.transaction() as session:
        sell(session, shop, "ada", number)


def _recorded() -> list[datetime]:
    with db.transaction() as session:
        return list(session.scalars(text("SELECT recorded_at FROM journal_entries ORDER BY recorded_at")))


def _waits(session: Session) -> bool:
    waiting = """
        SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                       WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)
    """
    return bool(session.scalar(text(waiting)))


def test_an_entry_is_recorded_when_it_is_posted_not_when_its_transaction_began(merchant: Merchant) -> None:
    with db.transaction() as session:
        began_at = session.execute(text("SELECT now()")).scalar_one()
        session.execute(text("SELECT pg_sleep(0.05)"))
        sell(session, merchant, "ada", 1)
    [recorded_at] = _recorded()
    assert began_at + timedelta(milliseconds=50) <= recorded_at <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_fence_lies_after_everything_recorded_and_before_everything_to_come(merchant: Merchant) -> None:
    _sell(merchant, 1)
    first = _fence(merchant)
    _sell(merchant, 2)
    second = _fence(merchant)
    earlier, later = _recorded()
    assert earlier <= first < later <= second


def test_a_fence_waits_for_a_transaction_that_has_posted(merchant: Merchant) -> None:
    with ThreadPoolExecutor() as pool:
        with db.transaction() as late:
            sell(late, merchant, "ada", 1)
            fenced = pool.submit(_fence, merchant)
            with db.transaction() as session:
                eventually(lambda: _waits(session))
            assert not fenced.done()
        fenced_at = fenced.result(PATIENCE)
    assert _recorded()[0] <= fenced_at


def test_posting_goes_on_while_a_fence_waits(merchant: Merchant) -> None:
    _sell(merchant, 1)
    with ThreadPoolExecutor() as pool:
        with db.transaction() as late:
            sell(late, merchant, "ada", 2)
            fenced = pool.submit(_fence, merchant)
            for number in range(3, 8):
                pool.submit(_sell, merchant, number).result(PATIENCE)
            assert not fenced.done()
        fenced.result(PATIENCE)
    assert len(_recorded()) == 7


def test_a_fence_between_two_transactions_that_wait_for_each_other_causes_no_deadlock(merchant: Merchant) -> None:
    """The first has posted and needs a row that the second holds; the second posts, and a fence waits between them."""
    held = threading.Event()

    def second() -> None:
        with db.transaction() as session:
            session.execute(text("SELECT FROM partners WHERE id = :id FOR UPDATE"), {"id": merchant.partners["ada"]})
            held.set()
            with db.transaction() as other:
                eventually(lambda: _waits(other))
            session.execute(text("SELECT recording_time(ARRAY[:id])"), {"id": merchant.program_id})

    with ThreadPoolExecutor() as pool:
        with db.transaction() as first:
            first.execute(text("SELECT recording_time(ARRAY[:id])"), {"id": merchant.program_id})
            other = pool.submit(second)
            assert held.wait(PATIENCE)
            fenced = pool.submit(_fence, merchant)
            first.execute(text("SELECT FROM partners WHERE id = :id FOR UPDATE"), {"id": merchant.partners["ada"]})
        other.result(PATIENCE)
        fenced.result(PATIENCE)


def test_nothing_is_recorded_before_a_fence_after_the_clock_was_set_back(
    merchant: Merchant, clock: LedgerClock
) -> None:
    fenced_at = _fence(merchant)
    clock.set(fenced_at - timedelta(days=1))
    _sell(merchant, 1)
    assert _recorded() == [fenced_at + timedelta(microseconds=1)]
    assert _fence(merchant) == fenced_at


def test_a_fence_that_finds_no_gap_gives_up(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fences, "ATTEMPTS", 2)
    with db.transaction() as late:
        sell(late, merchant, "ada", 1)
        with ThreadPoolExecutor() as pool, pytest.raises(Unavailable, match="try again"):
            pool.submit(_fence, merchant).result(PATIENCE)
    _fence(merchant)


def test_fences_of_other_programs_wait_for_nothing(merchant: Merchant) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other")
    with db.transaction() as late:
        sell(late, merchant, "ada", 1)
        with ThreadPoolExecutor() as pool:
            pool.submit(_fence, other).result(PATIENCE)
