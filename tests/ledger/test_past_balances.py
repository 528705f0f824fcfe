"""A balance at any time is what was recorded until then, with and without checkpoints, and it never changes."""

import random
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app import db
from app.integrity import verify
from app.ledger.checkpoints import ProgramDays
from app.ledger.positions import POSITION_FIELDS
from app.ledger.recorded_time import balance_checkpoints, fences, past_balances
from app.ledger.recorded_time.past_balances import Balance
from tests import cast
from tests.api.sales import sell
from tests.cast import Merchant
from worker.ledger.balances import advance

from .statistics import move

Figures = dict[tuple[UUID, str], tuple[int, ...]]


def _days(shop: Merchant) -> ProgramDays:
    return ProgramDays(shop.program_id, shop.organization_id, "UTC")


def _fence(shop: Merchant) -> datetime:
    with db.transaction() as session:
        return fences.fence(session, shop.organization_id, shop.program_id)


def _step(shop: Merchant, many: int, steps: int) -> None:
    fenced_at = _fence(shop)
    with db.transaction() as session:
        balance_checkpoints.advance(session, _days(shop), fenced_at, many=many, steps=steps)


def _figures(balances: list[Balance]) -> Figures:
    return {
        (one.partner_id, one.currency): tuple(getattr(one, name) for name in POSITION_FIELDS.values())
        for one in balances
    }


def _balances(shop: Merchant, before: datetime) -> Figures:
    with db.transaction() as session:
        return _figures(past_balances.load(session, _days(shop), before, livemode=False))


def _balances_of(shop: Merchant, code: str, before: datetime) -> Figures:
    with db.transaction() as session:
        ids = [shop.partners[code]]
        return _figures(past_balances.load(session, _days(shop), before, livemode=False, partner_ids=ids))


def _by_postings(shop: Merchant, before: datetime) -> Figures:
    """The same from every posting, in the tests' own SQL."""
    rows = text("""
        SELECT commission.partner_id, commission.currency, account.kind, -sum(posting.amount_minor)::bigint AS minor
        FROM journal_entries AS entry JOIN postings AS posting ON posting.entry_id = entry.id
        JOIN accounts AS account ON account.id = posting.account_id
        JOIN commissions AS commission ON commission.id = posting.commission_id
        WHERE entry.recorded_at < :before AND commission.program_id = :program_id
        GROUP BY 1, 2, 3
    """)
    found: Counter[tuple[UUID, str, str]] = Counter()
    with db.transaction() as session:
        for row in session.execute(rows, {"before": before, "program_id": shop.program_id}):
            found[row.partner_id, row.currency, row.kind] = row.minor
    keys = {(partner_id, currency) for partner_id, currency, _ in found}
    return {key: tuple(found[*key, kind] for kind in POSITION_FIELDS) for key in keys}


def assert_balances_at(shop: Merchant, moments: list[datetime]) -> None:
    for moment in moments:
        due = _by_postings(shop, moment)
        assert _balances(shop, moment) == due
        for code in ("ada", "ben", "dan"):
            own = {key: figures for key, figures in due.items() if key[0] == shop.partners[code]}
            assert _balances_of(shop, code, moment) == own


def test_balances_at_every_moment_are_what_was_recorded_by_then(merchant: Merchant) -> None:
    """Sales and moves of every kind at random, checkpoints of any size between them, moments before and after each."""
    chance = random.Random(20261129)
    sold: list[str] = []
    moments: list[datetime] = []
    accounts = [*POSITION_FIELDS, "commission_expense"]
    accounts.remove("written_off")
    for number in range(40):
        with db.transaction() as session:
            code, currency = chance.choice(["ada", "ben", "dan"]), chance.choice(["usd", "usd", "jpy"])
            sold.append(sell(session, merchant, code, number, base_minor=4900, currency=currency).commission_id)
        with db.transaction() as session:
            for commission_id in chance.sample(sold, min(2, len(sold))):
                source, target = chance.sample(accounts, 2)
                move(session, merchant, commission_id, source, target, chance.choice([1, 100, 980]))
        moments.append(_fence(merchant))
        if chance.random() < 0.3:
            _step(merchant, many=chance.choice([1, 3, 100]), steps=chance.choice([1, 2, 40]))
    assert_balances_at(merchant, moments)
    with db.transaction() as session:
        assert balance_checkpoints.differences(session) == []
    advance()
    assert_balances_at(merchant, [datetime.fromisoformat("2020-01-01T00:00:00Z"), *moments])


def test_a_balance_of_before_stays_when_more_is_recorded(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    first = _fence(merchant)
    shown = _balances(merchant, first)
    with db.transaction() as session:
        sell(session, merchant, "ada", 2)
    assert _balances(merchant, first) == shown
    advance()
    assert _balances(merchant, first) == shown
    assert _balances(merchant, _fence(merchant)) != shown


def test_live_and_test_balances_are_apart(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        sell(session, merchant, "ada", 2, livemode=True, base_minor=100)
    for _ in range(2):
        with db.transaction() as session:
            far = _fence(merchant)
            kept = {
                mode: [one.accrued_minor for one in past_balances.load(session, _days(merchant), far, livemode=mode)]
                for mode in (False, True)
            }
        assert kept == {False: [980], True: [20]}
        advance()


def test_a_program_is_due_at_first_then_after_many_entries_or_a_day(merchant: Merchant) -> None:
    def is_due(many: int = balance_checkpoints.ENTRIES_OF_A_STEP) -> bool:
        with db.transaction() as session:
            return bool(balance_checkpoints.due(session, [_days(merchant)], many=many))

    assert not is_due()
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    assert is_due()
    advance()
    assert not is_due()
    with db.transaction() as session:
        sell(session, merchant, "ada", 2)
    assert not is_due()
    assert not is_due(many=2)
    assert is_due(many=1)
    with db.transaction() as session:
        session.execute(text("UPDATE balances_reached SET until = until - interval '25 hours'"))
    assert is_due()


def test_a_backlog_gets_a_checkpoint_after_every_so_many_entries(merchant: Merchant) -> None:
    for number in range(10):
        with db.transaction() as session:
            sell(session, merchant, "ada", number)
    _step(merchant, many=3, steps=2)
    _step(merchant, many=3, steps=2)
    with db.transaction() as session:
        sizes = text("SELECT cardinality(entry_ids) FROM balance_checkpoints ORDER BY recorded_before")
        assert session.scalars(sizes).all() == [3, 3, 3, 1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE balance_checkpoints SET accrued_minor = accrued_minor + 1",
        "UPDATE balance_checkpoints SET entry_ids = '{}'",
        "UPDATE balance_checkpoints SET recorded_before = recorded_before - interval '1 hour'",
        "DELETE FROM balance_checkpoints",
    ],
)
def test_verify_finds_a_balance_that_is_not_that_of_the_postings(merchant: Merchant, statement: str) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    advance()
    with db.transaction() as session:
        assert verify.verify(session) == []
    with db.transaction() as session:
        session.execute(text(statement))
    with db.transaction() as session:
        assert {breach.rule for breach in verify.verify(session)} == {verify.BALANCES}


def test_a_program_whose_balances_cannot_be_stored_does_not_stop_the_others(merchant: Merchant) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other")
        cast.enroll(session, other, "ada")
        sell(session, merchant, "ada", 1)
    with db.transaction() as session:
        sell(session, other, "ada", 2)
    advance()
    with db.transaction() as session:
        session.execute(
            text("UPDATE balance_checkpoints SET accrued_minor = 9223372036854775807 WHERE program_id = :id"),
            {"id": merchant.program_id},
        )
        session.execute(text("UPDATE balances_reached SET until = until - interval '2 days'"))
        session.execute(text("UPDATE balance_checkpoints SET recorded_before = recorded_before - interval '2 days'"))
        sell(session, merchant, "ada", 3)
    with db.transaction() as session:
        sell(session, other, "ada", 4)
    advance()
    with db.transaction() as session:
        reached = dict(session.execute(text("SELECT program_id, until FROM balances_reached")).all())
    assert reached[other.program_id] - reached[merchant.program_id] > timedelta(days=1)
