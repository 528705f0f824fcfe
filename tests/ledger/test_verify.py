"""Verification finds whatever was changed behind the ledger's back."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, create_engine, text

from app import db
from app.integrity.verify import verify
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker.schedule import advance_sums

TAMPERINGS = {
    "a commission's sum": "UPDATE commissions SET accrued_minor = accrued_minor + 1",
    "a commission's written-off sum": "UPDATE commissions SET written_off_minor = 1",
    "a commission's status": "UPDATE commissions SET status = 'paid'",
    "a commission's entry count": "UPDATE commissions SET entry_count = entry_count + 1",
    "a commission's target": "UPDATE commissions SET calculation = calculation || '{\"target_minor\": 1}'",
    "a posting's amount": "UPDATE postings SET amount_minor = amount_minor + 1 WHERE line = 1",
    "a posting gone": "DELETE FROM postings WHERE line = 1",
    "all postings of an entry gone": "DELETE FROM postings",
    "a posting's account": """
        UPDATE postings SET account_id = (SELECT id FROM accounts WHERE kind = 'commission_expense')
    """,
    "a commission's day": "UPDATE posted_commissions SET earned_at = earned_at - interval '1 day'",
    "a commission's level": "UPDATE posted_commissions SET level = 1",
    "an account's mode": "UPDATE accounts SET livemode = NOT livemode WHERE kind = 'partner_accrued'",
    "an entry's mode": "UPDATE journal_entries SET livemode = NOT livemode",
    "a commission's mode": "UPDATE commissions SET livemode = NOT livemode",
    "a payment's mode": "UPDATE payments SET livemode = NOT livemode",
    "a payment merged away": "UPDATE payments SET merged_into_id = id",
}

Tamper = Callable[[str], None]


@pytest.fixture
def accrued(deliver: Deliver, drain: Drain) -> None:
    """A ledger with an accrual and an adjustment in it."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    deliver(cleo.is_refunded(first, 1000).events)
    drain()


@pytest.fixture
def tamper(database_url: str, database: Engine) -> Tamper:
    """Change rows with the owner's rights and the laws switched off."""

    def tamper(statement: str) -> None:
        engine = create_engine(database_url)
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(statement))
        engine.dispose()

    return tamper


SHOWN = {
    "a commission's target": r"com_\w+, has posted 7\.80 USD, is worth 0\.01 USD",
    "a commission's status": r"com_\w+, has the status paid",
    "a commission's sum": r"com_\w+, has posted 7\.81 USD, is worth 7\.80 USD",
    "a posting's amount": r"entry [-\w]{36}, has 2 postings, sums to 0\.01 USD",
    "a posting gone": r"entry [-\w]{36}, has 1 posting, sums to -?\d\.\d\d USD",
    "all postings of an entry gone": r"entry [-\w]{36}, has 0 postings",
    "a commission's day": r"par_\w+ on 2026-\d\d-\d\d in USD",
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_breach_is_shown_with_ids_that_can_be_explained_and_amounts_as_money(
    accrued: None, tamper: Tamper, what: str
) -> None:
    advance_sums()
    tamper(TAMPERINGS[what])
    with db.transaction() as session:
        places = [breach.what for breach in verify(session)]
    assert any(re.fullmatch(SHOWN[what], place) for place in places), places


def test_an_untouched_ledger_is_sound(accrued: None) -> None:
    with db.transaction() as session:
        assert verify(session) == []


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_manual_change_of_a_row_is_found(accrued: None, tamper: Tamper, statement: str) -> None:
    tamper(statement)
    with db.transaction() as session:
        assert verify(session)
