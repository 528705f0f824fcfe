"""Failures 4, 5 and 11: refunds that take too much, or too late, or by overwriting what was said."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app import db
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.conftest import Meet
from tests.journeys.desk import pay_out
from tests.stripe_stories.troubles import DisputeStory

_ENTRIES = text("""
    SELECT entry.id, entry.kind, entry.occurred_at, entry.created_at, entry.cause, entry.details::text,
           posting.line, posting.account_id, posting.amount_minor
    FROM journal_entries AS entry JOIN postings AS posting ON posting.entry_id = entry.id
""")


def test_partial_refund_reverses_its_share_and_its_failure_restores_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Failure 4."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    deliver([*first.events, *refund.events])
    drain()
    assert ledger().balances == owed(ada=780)
    deliver(refund.failure)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_dispute_takes_the_commission_and_winning_it_gives_it_back(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Failure 4 as well."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    deliver([*first.events, dispute.opens(), dispute.takes_the_money()])
    drain()
    assert ledger().balances == {}
    deliver([dispute.closes("won"), dispute.gives_it_back()])
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_refund_after_the_payout_becomes_a_debt_for_the_next_one(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, merchant: Merchant
) -> None:
    """Failure 5: what was paid stays paid; what is payable goes below zero."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    pay_out(merchant, str(first.invoice))
    assert ledger().balances == {("partner_paid", "ada", "usd"): 980, ("commission_expense", None, "usd"): 980}
    deliver(cleo.is_refunded(first, 4900).events)
    drain()
    assert ledger().balances == {("partner_paid", "ada", "usd"): 980, ("partner_payable", "ada", "usd"): -980}
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == {
        ("partner_paid", "ada", "usd"): 980,
        ("partner_payable", "ada", "usd"): -980,
        ("partner_accrued", "ada", "usd"): 980,
        ("commission_expense", None, "usd"): 980,
    }


def test_ledger_entries_are_never_changed_or_deleted(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, database: Engine
) -> None:
    """Failure 11: a refund, its failure and a dispute add entries and leave those before them as they are."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    dispute = DisputeStory(cleo, first)
    said: set[tuple[object, ...]] = set()
    for events in (first.events, refund.events, refund.failure, [dispute.takes_the_money()], [dispute.closes("won")]):
        deliver(events)
        drain()
        with db.transaction() as session:
            says = {tuple(row) for row in session.execute(_ENTRIES)}
        assert said < says
        said = says
    assert ledger().balances == owed(ada=980)
    for statement in (
        "UPDATE postings SET amount_minor = 1",
        "DELETE FROM postings",
        "TRUNCATE journal_entries CASCADE",
    ):
        with pytest.raises(DBAPIError), database.begin() as connection:
            connection.execute(text(statement))
