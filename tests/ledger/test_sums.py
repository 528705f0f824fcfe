"""Sums are by the day of the program's time zone, in any window of days, before and after a checkpoint."""

import random
from datetime import date, timedelta

from sqlalchemy import text

from app import db
from app.ledger import sums
from tests.api.sales import SOLD_AT, sell
from tests.cast import Merchant
from worker.schedule import advance_sums

from .statistics import advance, assert_sums_equal_postings, move, of_program


def test_a_commission_counts_on_the_day_it_was_earned_in_the_programs_zone(merchant: Merchant) -> None:
    with db.transaction() as session:
        commission_id = sell(session, merchant, "ada", 1).commission_id
        move(session, merchant, commission_id, "partner_accrued", "partner_payable", 980)
        session.execute(text("UPDATE programs SET time_zone = 'Pacific/Kiritimati'"))
    for _ in range(2):
        [(day, one)] = of_program(merchant, "Pacific/Kiritimati").by_day
        assert day == SOLD_AT.date() + timedelta(days=1)
        assert (one.pending_minor, one.approved_minor, one.conversion_count) == (0, 980, 1)
        advance_sums()
    assert [day for day, _ in of_program(merchant, "UTC").by_day] == [SOLD_AT.date()]
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET time_zone = 'UTC'"))
    advance_sums()
    assert [day for day, _ in of_program(merchant, "UTC").by_day] == [SOLD_AT.date()]
    assert_sums_equal_postings(merchant)


def test_a_window_holds_its_days_and_no_others(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    day = SOLD_AT.date()
    for _ in range(2):
        assert len(of_program(merchant, first=day, last=day).by_day) == 1
        before, after = day - timedelta(days=1), day + timedelta(days=1)
        assert of_program(merchant, first=before, last=before) == sums.ProgramSums([], [])
        assert of_program(merchant, first=after, last=after) == sums.ProgramSums([], [])
        advance(merchant)


def test_spans_of_a_window_are_each_of_its_days_once() -> None:
    chance = random.Random(20261128)
    for _ in range(200):
        first = date(2026, 1, 1) + timedelta(days=chance.randrange(1000))
        length = chance.randrange(1, 1100)
        spans = sums.spans_of(first, first + timedelta(days=length - 1))
        days = [begin + timedelta(days=number) for span, begin in spans for number in range(span)]
        assert days == [first + timedelta(days=number) for number in range(length)]
        assert len(spans) <= 6 * len(sums.SPANS) + length // max(sums.SPANS)
        assert all((begin - sums.EVER).days % span == 0 for span, begin in spans)


def test_leaders_of_any_window_are_the_same_before_and_after_a_checkpoint(merchant: Merchant) -> None:
    chance = random.Random(20261129)
    with db.transaction() as session:
        for number in range(40):
            sold_at = SOLD_AT - timedelta(days=chance.randrange(300))
            sell(session, merchant, chance.choice(["ada", "ben", "dan"]), number, sold_at=sold_at)
    today = SOLD_AT.date()
    windows = [
        {"first": today - timedelta(days=chance.randrange(150, 300)), "last": today - timedelta(days=last)}
        for last in range(0, 150, 7)
    ]
    before = [of_program(merchant, **window) for window in windows]
    assert any(one.by_partner for one in before)
    advance(merchant, many=15)
    assert [of_program(merchant, **window) for window in windows] == before
    advance_sums()
    assert [of_program(merchant, **window) for window in windows] == before
    assert_sums_equal_postings(merchant)


def test_leaders_are_those_that_earned_most_per_currency(merchant: Merchant) -> None:
    with db.transaction() as session:
        for number, (code, base_minor, currency) in enumerate(
            [("ada", 100, "usd"), ("ben", 4900, "usd"), ("dan", 900, "usd"), ("ada", 50, "jpy")]
        ):
            sell(session, merchant, code, number, base_minor=base_minor, currency=currency)
    names = {partner_id: code for code, partner_id in merchant.partners.items()}
    for _ in range(2):
        leaders = [(one.currency, names[partner]) for partner, one in of_program(merchant, leaders=2).by_partner]
        assert sorted(leaders, key=lambda leader: leader[0]) == [("jpy", "ada"), ("usd", "ben"), ("usd", "dan")]
        advance(merchant)
