"""A partner brought in with a history: what was paid before the cut-off earns nothing, and counts for the limits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.commissions.elsewhere import cutoffs
from app.commissions.settling.settlement import Cause
from app.organizations.actors import CLI
from app.programs.models import Program
from app.sentences import outcomes
from tests import books
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger, assert_ledger_sound
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Purchase
from tests.stripe_stories.families import CLOVER, Family
from worker import schedule

from .conftest import Meet, OutcomeOf

BY = Cause("request:test", datetime.now(UTC))


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", {"type": "recurring", "bps": 2000, "max_cycles": 12})


@pytest.fixture
def family() -> Family:
    """One shape of documents is enough: what decides here are times."""
    return CLOVER


def months(cleo: Customer, count: int) -> list[Purchase]:
    """A subscription of so many paid months."""
    first = cleo.subscribes()
    return [first, *(cleo.renews(first) for _ in range(count - 1))]


def events_of(*sales: Purchase) -> list[Event]:
    return [event for sale in sales for event in sale.events]


def just_before(sale: Purchase) -> datetime:
    """A minute before the first event of a sale."""
    return datetime.fromtimestamp(min(event["created"] for event in sale.events) - 60, UTC)


def cut(merchant: Merchant, cutoff_at: datetime | None) -> None:
    """Set the cut-off of test payments, and let the clock post what it changes."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        cutoffs.set_cutoff(session, CLI, program, livemode=False, cutoff_at=cutoff_at, cause=BY)
    schedule.settle_history()


@pytest.mark.parametrize(
    ("commission", "left"),
    [
        ({"type": "recurring", "bps": 2000, "max_cycles": 12}, 6),
        ({"type": "percentage", "bps": 2000, "max_months": 12}, 7),  # these months have 30 days each
    ],
    indirect=["commission"],
)
def test_six_of_twelve_months_behind_leave_six_in_any_order_of_history_renewals_and_cutoff(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, left: int
) -> None:
    for order in permutations(("history", "renewals", "cutoff")):
        cut(merchant, None)
        cleo = meet(subscription="ada")
        sales = months(cleo, 14)
        for step in order:
            match step:
                case "history":
                    deliver(reversed(events_of(*sales[:6])))
                case "renewals":
                    deliver(events_of(*sales[6:]))
                case _:
                    cut(merchant, just_before(sales[6]))
            drain()
        with db.transaction() as session:
            told = books.read(session, cleo.token)
        shown = sorted(line.outcome for line in told.payments)
        assert shown == ["accrued"] * left + ["before_cutoff"] * 6 + ["cap_reached"] * (8 - left), order
        assert told.balances == owed(ada=left * 980), order
    assert_ledger_sound()


def test_refunds_of_payments_before_the_cutoff_change_nothing_and_each_says_why(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = meet(subscription="ada")
    old, new = months(cleo, 2)
    cut(merchant, just_before(new))
    deliver(events_of(old, new))
    drain()
    refund = cleo.is_refunded(old, 4900)
    deliver(refund.events)
    drain()
    deliver(refund.failure)
    drain()
    assert ledger().balances == owed(ada=980)
    assert {outcome_of(event) for event in (*refund.events, *refund.failure)} == {"before_cutoff"}
    with db.transaction() as session:
        told = session.scalars(text("SELECT outcome_details FROM payments WHERE outcome = 'before_cutoff'")).one()
    said = outcomes.sentence("before_cutoff", told)
    assert said.startswith("It was paid before the program's cut-off, 1 April 2026, "), said
    assert "earns nothing here; it counts for the limits of cycles and months." in said


def test_moved_cutoff_posts_the_differences_of_the_payments_between_and_moved_back_takes_them_back(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sales = months(meet(subscription="ada"), 4)
    deliver(events_of(*sales))
    drain()
    for first_that_earns, earned in ((2, 2), (3, 1), (1, 3), (None, 4), (3, 1)):
        cut(merchant, None if first_that_earns is None else just_before(sales[first_that_earns]))
        assert ledger().balances == owed(ada=earned * 980), first_that_earns


def test_moves_that_were_copied_from_another_cluster_are_worked_off(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sales = months(meet(subscription="ada"), 2)
    deliver(events_of(*sales))
    drain()
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        cutoffs.set_cutoff(session, CLI, program, livemode=False, cutoff_at=just_before(sales[1]), cause=BY)
        session.execute(text("UPDATE cutoff_moves SET xid = '999999999999'"))
    schedule.settle_history()
    assert ledger().balances == owed(ada=980)
