"""Statistics are checkpoints plus whatever was posted since, and always what the postings say."""

import random
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, ids
from app.integrity import verify
from app.ledger import checkpoints, posting, sums
from app.ledger.checkpoints import ProgramDays
from app.ledger.models import ALL_PARTNERS
from app.ledger.positions import Line
from app.ledger.posting import Entry
from app.ledger.sums import Sums
from app.programs import programs
from tests import cast
from tests.api.sales import SOLD_AT, sell
from tests.cast import Merchant
from worker.schedule import advance_sums

FAR = {"livemode": False, "first": date(2000, 1, 1), "last": date(2100, 1, 1), "leaders": 100}


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    return merchant


def of_program(shop: Merchant, zone: str = "UTC", **window: object) -> sums.ProgramSums:
    with db.transaction() as session:
        found = {**FAR, **window}
        return sums.of_program(session, shop.organization_id, shop.program_id, zone, **found)  # type: ignore[arg-type]


def of_partners(shop: Merchant) -> dict[str, list[Sums]]:
    with db.transaction() as session:
        partners = list(shop.partners.values())
        found = sums.of_partners(session, shop.organization_id, shop.program_id, "UTC", partners, livemode=False)
    return {code: found[partner_id] for code, partner_id in shop.partners.items() if partner_id in found}


def advance(shop: Merchant, many: int = checkpoints.ENTRIES_AT_ONCE) -> None:
    with db.transaction() as session:
        zone = session.execute(
            text("SELECT time_zone FROM programs WHERE id = :id"), {"id": shop.program_id}
        ).scalar_one()
        checkpoints.advance(session, ProgramDays(shop.program_id, shop.organization_id, zone), many=many)


def move(session: Session, shop: Merchant, commission_id: str, source: str, target: str, minor: int) -> None:
    """Post a move between two of a commission's accounts, as a refund, an approval or a payout would."""
    key = ids.decode(commission_id, "com")
    row = session.execute(
        text("SELECT partner_id, currency, entry_count FROM commissions WHERE id = :id FOR UPDATE"), {"id": key}
    ).one()
    session.execute(text("UPDATE commissions SET entry_count = entry_count + 1 WHERE id = :id"), {"id": key})
    entry = Entry(
        commission_id=key,  # type: ignore[arg-type]
        number=row.entry_count + 1,
        kind="adjustment",
        program_id=shop.program_id,
        partner_id=row.partner_id,
        partner_organization_id=None,
        level=0,
        currency=row.currency,
        lines=[Line(source, minor), Line(target, -minor)],
        occurred_at=SOLD_AT + timedelta(days=40),
        cause="job:test",
        details={},
    )
    posting.post(session, shop.organization_id, [entry], livemode=False)


def sums_of_postings(shop: Merchant) -> dict[tuple[UUID, str], tuple[int, int, int, int]]:
    """Pending, approved, paid and how many are worth something, by partner and currency, in the tests' own SQL."""
    rows = text("""
        SELECT commission.id, commission.partner_id, commission.currency, account.kind, -sum(posting.amount_minor)
        FROM postings AS posting
        JOIN accounts AS account ON account.id = posting.account_id AND account.kind <> 'commission_expense'
        JOIN commissions AS commission ON commission.id = posting.commission_id
        GROUP BY 1, 2, 3, 4
    """)
    found: Counter[tuple[UUID, str, str]] = Counter()
    worth: Counter[tuple[UUID, UUID, str]] = Counter()
    with db.transaction() as session:
        for commission, partner, currency, kind, minor in session.execute(rows):
            found[partner, currency, kind] += int(minor)
            worth[commission, partner, currency] += int(minor)
    return {
        key: (
            found[*key, "partner_accrued"],
            found[*key, "partner_payable"] + found[*key, "payout_clearing"],
            found[*key, "partner_paid"] + found[*key, "platform_fee"],
            sum(1 for (_, *whose), minor in worth.items() if tuple(whose) == key and minor),
        )
        for key in {(partner, currency) for partner, currency, _ in found}
    }


def assert_sums_equal_postings(shop: Merchant) -> None:
    due = {key: figures for key, figures in sums_of_postings(shop).items() if any(figures)}
    names = {partner_id: code for code, partner_id in shop.partners.items()}
    shown = {
        (shop.partners[code], one.currency): figures
        for code, every in of_partners(shop).items()
        for one in every
        if any(figures := (one.pending_minor, one.approved_minor, one.paid_minor, one.commission_count))
    }
    assert shown == due, names
    program = of_program(shop)
    for currency in {currency for _, currency in due}:
        every = [figures for (_, spent), figures in due.items() if spent == currency]
        total = sum((one for _, one in program.by_day if one.currency == currency), Sums(currency))
        given = (total.pending_minor, total.approved_minor, total.paid_minor, total.commission_count)
        assert given == tuple(map(sum, zip(*every, strict=True)))
        led = {partner: one.earned_minor for partner, one in program.by_partner if one.currency == currency}
        assert led == {key[0]: sum(figures[:3]) for key, figures in due.items() if key[1] == currency and figures[3]}
    with db.transaction() as session:
        assert checkpoints.differences(session) == []


def test_sums_are_the_same_before_and_after_every_checkpoint(shop: Merchant) -> None:
    """Sales and moves of every kind at random, checkpoints between them, in steps of any size."""
    chance = random.Random(20261121)
    sold: list[str] = []
    accounts = ["commission_expense", "partner_accrued", "partner_payable", "payout_clearing", "partner_paid"]
    for number in range(60):
        with db.transaction() as session:
            currency = chance.choice(["usd", "usd", "jpy"])
            code = chance.choice(["ada", "ben", "dan"])
            sold.append(sell(session, shop, code, number, base_minor=4900, currency=currency).commission_id)
        with db.transaction() as session:
            for commission_id in chance.sample(sold, min(3, len(sold))):
                source, target = chance.sample(accounts, 2)
                move(session, shop, commission_id, source, target, chance.choice([1, 100, 980]))
        if chance.random() < 0.3:
            advance(shop, many=chance.choice([1, 3, 100]))
        if number % 6 == 0:
            assert_sums_equal_postings(shop)
    advance_sums()
    assert_sums_equal_postings(shop)


def test_late_commits_are_not_missed(shop: Merchant) -> None:
    """A transaction that began first and commits last lies below no checkpoint until it has ended."""
    with db.transaction() as session:
        for number, code in enumerate(("ada", "ben")):  # what both need of customers and accounts is there by then
            sell(session, shop, code, number)
    with db.transaction() as late:
        sell(late, shop, "ada", 3)
        own = late.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
        with db.transaction() as session:
            sell(session, shop, "ben", 4)
        for _ in range(3):
            advance(shop)
        assert {code: one.commission_count for code, [one] in of_partners(shop).items()} == {"ada": 1, "ben": 2}
        with db.transaction() as session:
            below = session.execute(text("SELECT below::text::bigint FROM sums_checkpoints")).scalar_one()
        assert below <= own
    assert {code: one.commission_count for code, [one] in of_partners(shop).items()} == {"ada": 2, "ben": 2}
    advance(shop)
    assert_sums_equal_postings(shop)
    kept = text("SELECT commission_count FROM commission_sums WHERE partner_id = :nobody AND day = :ever")
    with db.transaction() as session:
        assert session.execute(kept, {"nobody": ALL_PARTNERS, "ever": sums.EVER}).scalar_one() == 4


def test_rolled_back_metrics_are_not_counted(shop: Merchant) -> None:
    with db.transaction() as session:
        sell(session, shop, "ada", 1)
        session.rollback()
    advance(shop)
    assert of_partners(shop) == {}


def test_a_commission_counts_on_the_day_it_was_earned_in_the_programs_zone(shop: Merchant) -> None:
    with db.transaction() as session:
        commission_id = sell(session, shop, "ada", 1).commission_id
        move(session, shop, commission_id, "partner_accrued", "partner_payable", 980)
        session.execute(text("UPDATE programs SET time_zone = 'Pacific/Kiritimati'"))
    for _ in range(2):
        [(day, one)] = of_program(shop, "Pacific/Kiritimati").by_day
        assert day == SOLD_AT.date() + timedelta(days=1)
        assert (one.pending_minor, one.approved_minor, one.conversion_count) == (0, 980, 1)
        advance_sums()
    assert [day for day, _ in of_program(shop, "UTC").by_day] == [SOLD_AT.date()]
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET time_zone = 'UTC'"))
    advance_sums()
    assert [day for day, _ in of_program(shop, "UTC").by_day] == [SOLD_AT.date()]
    assert_sums_equal_postings(shop)


def test_a_window_holds_its_days_and_no_others(shop: Merchant) -> None:
    with db.transaction() as session:
        sell(session, shop, "ada", 1)
    day = SOLD_AT.date()
    for _ in range(2):
        assert len(of_program(shop, first=day, last=day).by_day) == 1
        before, after = day - timedelta(days=1), day + timedelta(days=1)
        assert of_program(shop, first=before, last=before) == sums.ProgramSums([], [])
        assert of_program(shop, first=after, last=after) == sums.ProgramSums([], [])
        advance(shop)


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


def test_leaders_of_any_window_are_the_same_before_and_after_a_checkpoint(shop: Merchant) -> None:
    chance = random.Random(20261129)
    with db.transaction() as session:
        for number in range(40):
            sold_at = SOLD_AT - timedelta(days=chance.randrange(300))
            sell(session, shop, chance.choice(["ada", "ben", "dan"]), number, sold_at=sold_at)
    today = SOLD_AT.date()
    windows = [
        {"first": today - timedelta(days=chance.randrange(150, 300)), "last": today - timedelta(days=last)}
        for last in range(0, 150, 7)
    ]
    before = [of_program(shop, **window) for window in windows]
    assert any(one.by_partner for one in before)
    advance(shop, many=15)
    assert [of_program(shop, **window) for window in windows] == before
    advance_sums()
    assert [of_program(shop, **window) for window in windows] == before
    assert_sums_equal_postings(shop)


def test_leaders_are_those_that_earned_most_per_currency(shop: Merchant) -> None:
    with db.transaction() as session:
        for number, (code, base_minor, currency) in enumerate(
            [("ada", 100, "usd"), ("ben", 4900, "usd"), ("dan", 900, "usd"), ("ada", 50, "jpy")]
        ):
            sell(session, shop, code, number, base_minor=base_minor, currency=currency)
    names = {partner_id: code for code, partner_id in shop.partners.items()}
    for _ in range(2):
        leaders = [(one.currency, names[partner]) for partner, one in of_program(shop, leaders=2).by_partner]
        assert sorted(leaders, key=lambda leader: leader[0]) == [("jpy", "ada"), ("usd", "ben"), ("usd", "dan")]
        advance(shop)


def test_checkpoints_of_another_cluster_are_made_again(shop: Merchant) -> None:
    """A copy of a database brings checkpoints ahead of every transaction the new cluster has had."""
    with db.transaction() as session:
        sell(session, shop, "ada", 1)
    advance(shop)
    with db.transaction() as session:
        session.execute(text("UPDATE sums_checkpoints SET below = '900000000000'"))
        sell(session, shop, "ben", 2)
    assert of_partners(shop).keys() == {"ada", "ben"}
    advance_sums()
    assert_sums_equal_postings(shop)


def test_verify_finds_sums_that_differ_from_the_postings(shop: Merchant) -> None:
    with db.transaction() as session:
        sell(session, shop, "ada", 1)
    advance(shop)
    with db.transaction() as session:
        assert verify.verify(session) == []
    with db.transaction() as session:
        session.execute(
            text("UPDATE commission_sums SET accrued_minor = accrued_minor + 1 WHERE partner_id = :id"),
            {"id": shop.partners["ada"]},
        )
    with db.transaction() as session:
        assert {breach.rule for breach in verify.verify(session)} == {verify.STATISTICS}


def test_a_program_with_sums_beyond_64_bits_does_not_stop_the_others(shop: Merchant) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Other")
        cast.enroll(session, other, "ada")
    with db.transaction() as session:
        sell(session, shop, "ada", 1)
        sell(session, other, "ada", 2)
    advance_sums()
    with db.transaction() as session:
        session.execute(
            text("UPDATE commission_sums SET accrued_minor = 9223372036854775807 WHERE program_id = :id"),
            {"id": shop.program_id},
        )
        sell(session, shop, "ada", 3)
        sell(session, other, "ada", 4)
    advance_sums()
    with db.transaction() as session:
        left = checkpoints.behind(session, programs.days_of_all(session))
    assert [program.program_id for program in left] == [shop.program_id]


def test_idle_clock_writes_no_rows(shop: Merchant) -> None:
    with db.transaction() as session:
        sell(session, shop, "ada", 1)
    advance_sums()
    with db.transaction() as session:
        assert checkpoints.behind(session, programs.days_of_all(session)) == []
        before = session.execute(text("SELECT below::text FROM sums_checkpoints")).scalar_one()
    advance_sums()
    with db.transaction() as session:
        assert session.execute(text("SELECT below::text FROM sums_checkpoints")).scalar_one() == before
