"""Programs without a holdback that approve at once."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from app.programs.models import Program
from tests import cast
from tests.books import Balances, owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.maturing import clock
from tests.properties.two_drains import run_two
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory
from worker.inbox.drain import work_batch

from .test_approval import day, payable, reject

TIERED = {"type": "tiered", "bps": 1000, "tiers": [{"min_conversions": 2, "bps": 2000}]}


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", cast.PERCENTAGE)


@pytest.fixture
def days(request: pytest.FixtureRequest) -> int | None:
    return getattr(request, "param", None)


@pytest.fixture
def merchant(application: Flask, commission: Mapping[str, Any], days: int | None) -> Merchant:
    with db.transaction() as session:
        shop = cast.open_merchant(session, commission=commission, holdback_days=days)
        session.get_one(Program, shop.program_id).auto_approve = True
        cast.enroll(session, shop, "ada")
    return shop


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada", payment="ada"))


def test_commission_without_holdback_is_payable_as_of_its_payment(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    assert ledger().balances == payable(980)
    with db.transaction() as session:
        row = session.execute(text("SELECT approved_at, mature_at, accrued_at FROM commissions")).one()
    assert row.approved_at == row.mature_at == row.accrued_at == day(first, 0)


@pytest.mark.parametrize("days", [30], indirect=True)
def test_holdback_applies_also_with_auto_approve(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(cleo.subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_dispute_holds_it_until_it_is_won(cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    deliver([*first.events, dispute.opens()])
    drain()
    assert ledger().balances == owed(ada=980)
    assert clock(day(first, 300)) == 0
    deliver([dispute.closes("won")])
    drain()
    assert ledger().balances == payable(980)


def test_rejected_conversion_stays_rejected(cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    reject(first)
    deliver(cleo.is_refunded(first, 1000).events)
    drain()
    assert ledger().balances == {}


def test_switching_it_on_approves_nothing_that_has_accrued(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).auto_approve = False
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).auto_approve = True
    deliver([*cleo.is_refunded(first, 2450).events, *cleo.renews(first).events])
    drain()
    both: Balances = payable(980) | owed(ada=490)
    assert ledger().balances == both | {("commission_expense", None, "usd"): 1470}


@pytest.mark.parametrize("commission", [TIERED], indirect=True)
@pytest.mark.parametrize("at_once", [True, False])
def test_tiers_count_what_the_same_batch_approves(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, at_once: bool
) -> None:
    """Each sale counts those before it, whether they are worked together or apart: 10, 10, 20 and 20 %."""
    for _ in range(4):
        deliver(cleo.buys(Bill(net_minor=10_000), through_session=False).events)
        cleo.waits(60)
        if not at_once:
            drain()
    drain()
    assert ledger().balances == payable(6000)


@pytest.mark.parametrize("commission", [TIERED], indirect=True)
def test_two_drains_count_what_the_other_approves(deliver: Deliver, ledger: Ledger) -> None:
    """Three sales in one second, worked by two drains whose commits are held: the later drain counts the others."""
    sales = [
        Customer(CLOVER, Marks(payment="ada")).buys(Bill(net_minor=10_000), through_session=False) for _ in range(3)
    ]
    deliver([sale.event("charge.succeeded") for sale in sales])
    assert run_two(db.engine(), work_batch, (1, 2)).blocked
    assert ledger().balances == payable(1000 + 1000 + 2000)
