"""Sales that change beside payouts: merged into their invoice late, credited to another partner, decided again.

Whatever the order, each sale ends worth its share to the partner that is credited last; what left is what payouts say.
"""

import random

import pytest
from sqlalchemy import text

from app import db
from app.config import Settings
from tests.api.conftest import MakeCaller, caller_of
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Tally, assert_ledger_sound
from tests.payouts.till import Till

from .moved_sales import CODES, Story

pytestmark = pytest.mark.proof

__all__ = ["caller_of"]

SAMPLE = (2, 60)
"""How many stories, and how much happens in each."""
ALL = (24, 110)

_STANDS = text("""
    SELECT partner.slug,
           coalesce(-sum(posting.amount_minor) FILTER (WHERE account.kind = 'partner_payable'), 0) AS payable,
           coalesce(-sum(posting.amount_minor) FILTER (WHERE account.kind IN ('partner_paid', 'platform_fee')), 0)
               AS paid,
           coalesce(-sum(posting.amount_minor) FILTER (WHERE account.kind IN ('partner_accrued', 'payout_clearing')), 0)
               AS under_way
    FROM postings AS posting JOIN accounts AS account ON account.id = posting.account_id
    JOIN commissions AS commission ON commission.id = posting.commission_id
    JOIN partners AS partner ON partner.id = commission.partner_id
    GROUP BY partner.slug
""")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    stories, acts = ALL if metafunc.config.getoption("--proofs") else SAMPLE
    metafunc.parametrize(("number", "acts"), [(number, acts) for number in range(stories)])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"payouts_live": True})


def test_sales_that_change_after_they_were_reserved_or_paid_are_paid_once(
    number: int, acts: int, merchant: Merchant, caller_of: MakeCaller, deliver: Deliver, drain: Drain, tally: Tally
) -> None:
    chance = random.Random(number)
    till = Till(caller_of(merchant), merchant)
    for code in CODES:
        till.pays_to(code)
    till.sets(platform_fee_bps=chance.choice([0, 333, 500]))
    story = Story(chance, till, deliver, drain)
    for _ in range(acts):
        story.goes_on()
        check(story)
    story.ends()
    check(story)
    held = stands()
    for code in CODES:
        payable, paid, under_way = held.get(code, (0, 0, 0))
        assert (payable + paid, under_way) == (story.worth_minor(code), 0), story.plot
        assert payable <= 0, story.plot
    tally("acts of stories with moved sales", acts)


def check(story: Story) -> None:
    """What left is what the payouts say, and the ledger is sound."""
    held = stands()
    for code in CODES:
        assert held.get(code, (0, 0, 0))[1] == story.left_minor[code], story.plot
    assert_ledger_sound()


def stands() -> dict[str, tuple[int, int, int]]:
    """By partner: payable, paid with fees, and what is neither of both, minor units."""
    with db.transaction() as session:
        return {row.slug: (row.payable, row.paid, row.under_way) for row in session.execute(_STANDS)}
