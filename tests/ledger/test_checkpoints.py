"""Statistics are checkpoints plus whatever was posted since, and always what the postings say."""

import random

from sqlalchemy import text

from app import db
from app.integrity import verify
from app.ledger import checkpoints, sums
from app.ledger.models import ALL_PARTNERS
from app.programs import programs
from tests import cast
from tests.api.sales import sell
from tests.cast import Merchant
from worker.schedule import advance_sums

from .statistics import advance, assert_sums_equal_postings, move, of_partners


def test_sums_are_the_same_before_and_after_every_checkpoint(merchant: Merchant) -> None:
    """Sales and moves of every kind at random, checkpoints between them, in steps of any size."""
    chance = random.Random(20261121)
    sold: list[str] = []
    accounts = ["commission_expense", "partner_accrued", "partner_payable", "payout_clearing", "partner_paid"]
    for number in range(60):
        with db.transaction() as session:
            currency = chance.choice(["usd", "usd", "jpy"])
            code = chance.choice(["ada", "ben", "dan"])
            sold.append(sell(session, merchant, code, number, base_minor=4900, currency=currency).commission_id)
        with db.transaction() as session:
            for commission_id in chance.sample(sold, min(3, len(sold))):
                source, target = chance.sample(accounts, 2)
                move(session, merchant, commission_id, source, target, chance.choice([1, 100, 980]))
        if chance.random() < 0.3:
            advance(merchant, many=chance.choice([1, 3, 100]))
        if number % 6 == 0:
            assert_sums_equal_postings(merchant)
    advance_sums()
    assert_sums_equal_postings(merchant)


def test_late_commits_are_not_missed(merchant: Merchant) -> None:
    """A transaction that began first and commits last lies below no checkpoint until it has ended."""
    with db.transaction() as session:
        for number, code in enumerate(("ada", "ben")):  # what both need of customers and accounts is there by then
            sell(session, merchant, code, number)
    with db.transaction() as late:
        sell(late, merchant, "ada", 3)
        own = late.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
        with db.transaction() as session:
            sell(session, merchant, "ben", 4)
        for _ in range(3):
            advance(merchant)
        assert {code: one.commission_count for code, [one] in of_partners(merchant).items()} == {"ada": 1, "ben": 2}
        with db.transaction() as session:
            below = session.execute(text("SELECT below::text::bigint FROM sums_checkpoints")).scalar_one()
        assert below <= own
    assert {code: one.commission_count for code, [one] in of_partners(merchant).items()} == {"ada": 2, "ben": 2}
    advance(merchant)
    assert_sums_equal_postings(merchant)
    kept = text("SELECT commission_count FROM commission_sums WHERE partner_id = :all_partners AND day = :ever")
    with db.transaction() as session:
        assert session.execute(kept, {"all_partners": ALL_PARTNERS, "ever": sums.EVER}).scalar_one() == 4


def test_rolled_back_metrics_are_not_counted(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        session.rollback()
    advance(merchant)
    assert of_partners(merchant) == {}


def test_checkpoints_of_another_cluster_are_made_again(merchant: Merchant) -> None:
    """A copy of a database brings checkpoints ahead of every transaction the new cluster has had."""
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    advance(merchant)
    with db.transaction() as session:
        session.execute(text("UPDATE sums_checkpoints SET below = '900000000000'"))
        sell(session, merchant, "ben", 2)
    assert of_partners(merchant).keys() == {"ada", "ben"}
    advance_sums()
    assert_sums_equal_postings(merchant)


def test_verify_finds_sums_that_differ_from_the_postings(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    advance(merchant)
    with db.transaction() as session:
        assert verify.verify(session) == []
    with db.transaction() as session:
        session.execute(
            text("UPDATE commission_sums SET accrued_minor = accrued_minor + 1 WHERE partner_id = :id"),
            {"id": merchant.partners["ada"]},
        )
    with db.transaction() as session:
        assert {breach.rule for breach in verify.verify(session)} == {verify.STATISTICS}


def test_a_program_with_sums_beyond_64_bits_does_not_stop_the_others(merchant: Merchant) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other")
        cast.enroll(session, other, "ada")
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        sell(session, other, "ada", 2)
    advance_sums()
    with db.transaction() as session:
        session.execute(
            text("UPDATE commission_sums SET accrued_minor = 9223372036854775807 WHERE program_id = :id"),
            {"id": merchant.program_id},
        )
        sell(session, merchant, "ada", 3)
        sell(session, other, "ada", 4)
    advance_sums()
    with db.transaction() as session:
        left = checkpoints.behind(session, programs.days_of_all(session))
    assert [program.program_id for program in left] == [merchant.program_id]


def test_idle_clock_writes_no_rows(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
    advance_sums()
    with db.transaction() as session:
        assert checkpoints.behind(session, programs.days_of_all(session)) == []
        before = session.execute(text("SELECT below::text FROM sums_checkpoints")).scalar_one()
    advance_sums()
    with db.transaction() as session:
        assert session.execute(text("SELECT below::text FROM sums_checkpoints")).scalar_one() == before
