"""Whatever happens to payments, in whatever order events arrive: what is posted equals what they are worth."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import db
from app.partners import enrollment
from app.programs.models import Program
from tests import books, cast
from tests.cast import Merchant
from tests.conftest import Deliver, Tally, assert_ledger_sound
from tests.due import make_all_due

from .lives import ABOVE, CHAPTERS, LADDER_BPS, TERMS, Life, lives
from .living import decide, deliver_chapter, strike_clock, work_everything
from .oracle_terms import Terms

pytestmark = pytest.mark.proof

TOGETHER = 20
"""So many lives are one example: delivered to one database at the same time, each with ids of its own."""

IN_ONE_DATABASE = settings(
    max_examples=settings.default.max_examples // TOGETHER,
    deadline=None,
    phases=[Phase.generate],  # a life is printed when it fails; making twenty of them smaller takes long
    suppress_health_check=list(HealthCheck),
)
FEWER = settings(IN_ONE_DATABASE, max_examples=max(2, IN_ONE_DATABASE.max_examples // 10))
"""For what looks at the whole database each time."""
NOTHING = books.Books({})
COUNTING_OUTSIDE = [code for code, terms in TERMS.items() if terms.includes_outside]

_POSTINGS = text("SELECT entry_id, line, account_id, amount_minor FROM postings ORDER BY entry_id, line")
_HELD_OF_NOTHING = text("""
    SELECT payments.key, sum(postings.amount_minor)
    FROM payments
    JOIN conversions ON conversions.payment_id = payments.id
    JOIN commissions ON commissions.conversion_id = conversions.id
    JOIN postings ON postings.commission_id = commissions.id
    JOIN accounts ON accounts.id = postings.account_id AND accounts.kind = 'commission_expense'
    JOIN partners ON partners.id = commissions.partner_id
    CROSS JOIN LATERAL (SELECT payments.base_details -> 'with_outside' AS figures) AS outside
    WHERE CASE
        WHEN partners.slug = ANY(:counting_outside) AND figures IS NOT NULL
        THEN figures -> 'returned_minor' = figures -> 'gross_minor'
        ELSE payments.returned_minor = payments.gross_minor
    END
    GROUP BY payments.key HAVING sum(postings.amount_minor) <> 0
""")

MANY_LIVES = st.lists(lives(), min_size=TOGETHER, max_size=TOGETHER)
CHANCES = st.integers(0, 2**32).map(random.Random)


@pytest.fixture(autouse=True)
def partners_of_many_terms(merchant: Merchant) -> None:
    """The partners of other terms beside Ada, and those above them."""
    with db.transaction() as session:
        cast.open_ladder(session, merchant, LADDER_BPS)
        usual = session.get_one(Program, merchant.program_id)
        counting_outside = session.get_one(Program, cast.open_program(session, merchant))
        counting_outside.include_out_of_band = True
        at_once = session.get_one(Program, cast.open_program(session, merchant, "At once"))
        at_once.auto_approve = True
        from_a_day_on = session.get_one(Program, cast.open_program(session, merchant, "From a day on"))
        for code in ("gil", "ivy", "jon"):
            cast.enroll(session, merchant, code)
        for code, terms in TERMS.items():
            if code in merchant.partners:
                continue
            email, commission = f"{code}@partners.example", commission_of(terms)
            program = counting_outside if terms.includes_outside else at_once if terms.is_approved_at_once else usual
            if terms.earns_from:
                program = from_a_day_on
                program.test_cutoff_at = datetime.fromtimestamp(terms.earns_from, UTC)
            partner = enrollment.create_partner(session, program, email=email, slug=code, commission=commission)
            enrollment.change_status(session, partner, "active")
            merchant.partners[code] = partner.id
        for code, parent in ABOVE.items():
            cast.place_under(session, merchant, code, parent)
        cast.change_status(session, merchant, "ivy", "paused")


def commission_of(terms: Terms) -> dict[str, Any]:
    """The oracle's terms as they are set."""
    commission: dict[str, Any] = {"type": "percentage", "bps": terms.rate_bps}
    if terms.flat_minor is not None:
        commission = {"type": "flat", "amount_cents": terms.flat_minor}
    limits = {"max_cycles": terms.max_cycles, "max_months": terms.max_months}
    return commission | {name: limit for name, limit in limits.items() if limit is not None}


@IN_ONE_DATABASE
@given(many=MANY_LIVES, chance=CHANCES)
def test_the_ledger_equals_the_oracle_after_every_step(
    many: Sequence[Life], chance: random.Random, deliver: Deliver, tally: Tally
) -> None:
    for chapter in range(CHAPTERS):
        deliver_chapter(many, chapter, deliver, chance)
        assert_books_are_the_oracles(many, f"after chapter {chapter}")
    assert_outcomes_are_the_oracles(many)
    assert_ledger_sound()
    tally("histories lived", len(many))


@FEWER
@given(many=MANY_LIVES, chance=CHANCES)
def test_decisions_by_clock_and_people_equal_the_oracle(
    many: Sequence[Life], chance: random.Random, deliver: Deliver, tally: Tally
) -> None:
    for chapter in range(CHAPTERS):
        deliver_chapter(many, chapter, deliver, chance)
        strike_clock(many)
        assert_books_are_the_oracles(many, f"after the clock of chapter {chapter}")
        for life in many:
            for wish in life.wishes[chapter]:
                decide(life, wish)
        assert_books_are_the_oracles(many, f"after the decisions of chapter {chapter}")
    assert_outcomes_are_the_oracles(many)
    assert_ledger_sound()
    tally("histories decided on", len(many))


@FEWER
@given(many=MANY_LIVES, chance=CHANCES)
def test_posted_entries_stay_unchanged(many: Sequence[Life], chance: random.Random, deliver: Deliver) -> None:
    for chapter in range(CHAPTERS):
        before = postings()
        deliver_chapter(many, chapter, deliver, chance)
        assert set(before) <= set(postings())


@FEWER
@given(many=MANY_LIVES, chance=CHANCES)
def test_working_everything_again_posts_nothing(many: Sequence[Life], chance: random.Random, deliver: Deliver) -> None:
    for chapter in range(CHAPTERS):
        deliver_chapter(many, chapter, deliver, chance)
    before = postings()
    with db.transaction() as session:
        make_all_due(session)
    work_everything(chance)
    assert postings() == before
    assert_books_are_the_oracles(many, "after everything was worked again")


@FEWER
@given(many=MANY_LIVES, chance=CHANCES)
def test_full_return_leaves_zero(many: Sequence[Life], chance: random.Random, deliver: Deliver) -> None:
    for chapter in range(CHAPTERS):
        deliver_chapter(many, chapter, deliver, chance)
        with db.transaction() as session:
            assert session.execute(_HELD_OF_NOTHING, {"counting_outside": COUNTING_OUTSIDE}).all() == []


def postings() -> list[tuple[object, ...]]:
    with db.transaction() as session:
        return [tuple(row) for row in session.execute(_POSTINGS)]


def assert_books_are_the_oracles(many: Sequence[Life], when: str) -> None:
    with db.transaction() as session:
        found = books.read_all(session)
    for life in many:
        book, expected = found.get(life.customer.token, NOTHING), life.ledger.books()
        if book.balances != expected.balances or not has_lines(book, expected, life.ledger.stopped()):
            pytest.fail(f"{when}: {life}\n{book}\nshould be\n{expected}")


def has_lines(book: books.Books, expected: books.Books, stopped: Sequence[books.CommissionLine]) -> bool:
    """Whether the books list what is expected, and besides only what was earned once and then stopped."""
    booked, due = Counter(book.commissions), Counter(expected.commissions)
    return due <= booked and booked - due <= Counter(stopped)


def assert_outcomes_are_the_oracles(many: Sequence[Life]) -> None:
    """All events are delivered: every payment has its amounts and its outcome, and there is no other."""
    with db.transaction() as session:
        found = books.read_all(session)
    for life in many:
        book, expected = found.get(life.customer.token, NOTHING), life.ledger.books(now=int(time.time()))
        if book.payments != expected.payments:
            pytest.fail(f"{life}\n{book.payments}\nshould be\n{expected.payments}")
