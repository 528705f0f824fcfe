"""Failures 1, 2, 3, 6, 10 and 13: money counted twice, late, under a name that is gone, or not at all."""

import os

import pytest
from sqlalchemy import event

from app import db
from app.programs import terms
from app.programs.models import Program
from tests.backfill.conftest import Backfill, Complete
from tests.books import owed
from tests.cast import Merchant, enroll
from tests.conftest import Deliver, Drain, Ledger
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.emulator.expectation import expected
from tests.journeys.conftest import Meet, OutcomeOf
from tests.journeys.desk import Desk
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER, EVERY_SHAPE, OLD_AND_NEW, Family
from worker.inbox.drain import work_batch

TWELVE_CYCLES = {"type": "recurring", "bps": 2000, "max_cycles": 12}


@pytest.mark.parametrize("first_to_come", ["checkout.session.completed", "invoice.paid", "charge.succeeded"])
def test_a_checkout_and_its_first_invoice_are_counted_once_whichever_comes_first(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, first_to_come: str
) -> None:
    """Failure 1."""
    first = meet(subscription="ada", session="ada").subscribes(Bill(net_minor=4900, tax_minor=931))
    deliver([first.event(first_to_come)])
    drain()
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]


def test_worker_killed_before_commit_loses_no_commission(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """Failure 2: nothing marks an event as worked but the commit that holds its commission."""
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    child = os.fork()
    if child == 0:
        _work_and_die_before_the_commit()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    assert ledger().balances == {}
    drain()
    assert ledger().balances == owed(ada=980)


def _work_and_die_before_the_commit() -> None:
    try:
        event.listen(db.engine(), "commit", lambda _: os.kill(os.getpid(), 9))
        work_batch()
    finally:
        os._exit(1)


@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=lambda shape: shape.name)
def test_renewals_and_their_refunds_count_in_every_shape_stripe_has_had(
    deliver: Deliver, drain: Drain, ledger: Ledger, shape: Family
) -> None:
    """Failure 3: an invoice that names its subscription, its charge and its PaymentIntent, and one that names none."""
    cleo = Customer(shape, Marks(subscription="ada"))
    first = cleo.subscribes()
    second = cleo.renews(first)
    deliver([*first.events, *second.events])
    drain()
    assert ledger().balances == owed(ada=2 * 980)
    deliver(cleo.is_refunded(second, 2450).events)
    drain()
    assert ledger().balances == owed(ada=980 + 490)


def test_unattributed_money_is_listed_and_can_be_credited_later(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, desk: Desk
) -> None:
    """Failure 6."""
    first = meet().subscribes()
    deliver(first.events)
    drain()
    assert outcome_of(first.event("invoice.paid")) == "unattributed"
    assert [one["invoice"] for one in desk.sees(outcome="unattributed")] == [first.invoice]
    assert desk.credits(str(first.invoice), "ada").status_code == 200
    assert ledger().balances == owed(ada=980)
    assert desk.sees(outcome="unattributed") == []


def test_late_delivery_does_not_exceed_the_month_limit(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, merchant: Merchant
) -> None:
    """Failure 10: a cap is measured by when money was paid, never by when we heard of it."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        terms.add_terms(session, program, commission=TWELVE_CYCLES, holdback_days=30)
        enroll(session, merchant, "eve")
    cleo = meet(subscription="eve")
    months = [cleo.subscribes()]
    months += [cleo.renews(months[0], Bill(net_minor=5000 + month)) for month in range(1, 13)]
    delayed = months.pop(6)
    for month in months:
        deliver(month.events)
    drain()
    deliver(delayed.events)
    drain()
    capped = [line for line in ledger().payments if line.outcome == "cap_reached"]
    assert [line.base_minor for line in capped] == [5012]
    worth = [line.amount_minor - line.reversed_minor for line in ledger().commissions]
    assert (len(worth), worth.count(0)) == (13, 1)


@pytest.mark.parametrize("shape", OLD_AND_NEW, ids=lambda shape: shape.name)
def test_events_missed_while_the_server_was_down_are_fetched_and_settled(
    shop: Emulator,
    receiving: Endpoint,
    shape: Family,
    backfill: Backfill,
    complete: Complete,
    drain: Drain,
    ledger: Ledger,
) -> None:
    """Failure 13."""
    shop.upgrade(shape)
    subscription = shop.subscribe(shop.customer("cleo"), 4900, marker="ada")
    shop.deliver()
    with receiving.down():
        shop.refund(shop.renew(subscription, on_time=False), 2450)
        shop.subscribe(shop.customer("dora"), 9900, marker="ben")
        shop.deliver()
    receiving.give_up()
    drain()
    assert ledger().balances == owed(ada=980)
    complete(backfill(22))
    due = expected(shop)
    assert (ledger().balances, ledger().commissions) == (due.balances, due.commissions)
    assert ledger().balances == owed(ada=980 + 490, ben=1980)
