"""A rate that rises with the number of approved conversions: 10 %, from two on 20 %, from three on 30 %."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from tests.books import Balances, owed
from tests.cast import HOLDBACK_DAYS
from tests.conftest import Deliver, Drain, Ledger
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.lines import Line, itemized

from .conftest import Explained
from .test_approval import approve, day, reject

TIERS = [{"min_conversions": 2, "bps": 2000}, {"min_conversions": 3, "bps": 3000}]
TIERED = {"type": "tiered", "bps": 1000, "tiers": TIERS}
MONTH_SECONDS = 31 * 86_400


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", TIERED)


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(payment="ada"))


def sells(cleo: Customer, count: int, apart_seconds: int = MONTH_SECONDS) -> list[Purchase]:
    """So many sales of 100.00, each after the holdback of the one before has ended."""
    found = []
    for _ in range(count):
        found.append(cleo.buys(Bill(net_minor=10_000), through_session=False))
        cleo.waits(apart_seconds)
    return found


def approve_all(*sales: Purchase) -> None:
    clock(day(sales[-1], HOLDBACK_DAYS))


def ada_has(accrued: int = 0, payable: int = 0) -> Balances:
    balances: Balances = {("partner_accrued", "ada", "usd"): accrued, ("partner_payable", "ada", "usd"): payable}
    balances["commission_expense", None, "usd"] = accrued + payable
    return {account: minor for account, minor in balances.items() if minor}


def test_each_sale_counts_what_was_approved_by_its_own_time(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """None, one, two and three before: 10, 10, 20 and 30 % of 100.00."""
    for sale in sells(cleo, 4):
        deliver(sale.events)
        drain()
        approve_all(sale)
    assert ledger().balances == ada_has(payable=1000 + 1000 + 2000 + 3000)


def test_later_approval_changes_no_other_commission(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """All four are known before the clock runs: nothing was approved when any of them was settled."""
    sales = sells(cleo, 4)
    deliver([event for sale in sales for event in sale.events])
    drain()
    approve_all(*sales)
    deliver(cleo.is_refunded(sales[3], 5000).events)
    drain()
    assert ledger().balances == ada_has(payable=3500)


def test_the_clock_is_counted_by_when_the_holdback_ended_and_not_by_when_it_ran(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Two sales mature on 1 April; the clock runs in June. One of 2 April counts both, one of 31 March none."""
    deliver([event for sale in sells(cleo, 2, apart_seconds=60) for event in sale.events])
    drain()
    cleo.waits(29 * 86_400)
    [before] = sells(cleo, 1, apart_seconds=2 * 86_400)
    [after] = sells(cleo, 1)
    clock(day(after, 90))
    deliver([*after.events, *before.events])
    drain()
    assert ledger().balances == ada_has(payable=2000, accrued=2000 + 1000)


def test_tiers_count_conversions_refunded_after_approval_but_not_rejected_ones(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first, second, third, fourth = sells(cleo, 4)
    for sale in (first, second, third):
        deliver(sale.events)
        drain()
        approve_all(sale)
    deliver(cleo.is_refunded(first, 10_000).events)
    drain()
    reject(third)
    assert ledger().balances == ada_has(payable=1000)
    deliver(fourth.events)
    drain()
    assert ledger().balances == ada_has(payable=1000, accrued=2000)


def test_a_person_approves_as_of_now_which_older_sales_do_not_count(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first, second, third = sells(cleo, 3)
    for sale in (first, second):
        deliver(sale.events)
        drain()
        approve(sale)
    deliver(third.events)
    drain()
    assert ledger().balances == ada_has(payable=2000, accrued=1000)


def test_only_the_partners_own_conversions_count(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    for code in ("ben", "ben", "ben", "ada"):
        [sale] = sells(Customer(CLOVER, Marks(payment=code)), 1)
        deliver(sale.events)
        drain()
        if code == "ben":
            with db.transaction() as session:  # the clock, a year early
                session.execute(text("UPDATE commissions SET approved_at = accrued_at - interval '1 year'"))
                session.execute(text("UPDATE commissions SET mature_at = NULL"))
    assert ledger().balances == owed(ben=1000 + 1000 + 2000, ada=1000)


def test_a_sale_and_its_invoice_are_counted_for_once(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """What has been approved between the two does not move it, nor does the invoice count its own money's approval."""
    cleo = Customer(CLOVER, Marks(payment="ada", invoice="ada"))
    for sale in sells(cleo, 2):
        deliver(sale.events)
        drain()
        approve_all(sale)
    sale = cleo.buys(Bill(net_minor=10_000), invoiced=True, through_session=False)
    deliver(sale.only("charge.succeeded", "payment_intent.succeeded").events)
    drain()
    assert ledger().balances == ada_has(payable=2000, accrued=2000)
    approve_all(sale)
    deliver(sale.events)
    drain()
    assert ledger().balances == ada_has(payable=4000)


SEATS = TIERED | {"product_rates": [{"product": "prod_seats", "bps": 500}]}


@pytest.mark.parametrize("commission", [SEATS], indirect=True)
def test_products_without_a_rate_of_their_own_count_at_the_tiers(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Two before: 20 % of 40.00 and 5 % of 60.00."""
    for sale in sells(cleo, 2):
        deliver(sale.events)
        drain()
        approve_all(sale)
    cleo.marks = Marks(subscription="ada")
    sale = cleo.subscribes(Bill(net_minor=10_000))
    deliver(itemized(sale, (Line("prod_pro", 4000), Line("prod_seats", 6000))))
    drain()
    assert ledger().balances == ada_has(payable=2000, accrued=800 + 300)


def test_the_explanation_shows_the_tier(cleo: Customer, deliver: Deliver, drain: Drain, explained: Explained) -> None:
    sales = sells(cleo, 3)
    for sale in sales:
        deliver(sale.events)
        drain()
        approve_all(sale)
    first, last = (explained(sale.payment_intent)["sentences"] for sale in (sales[0], sales[2]))
    assert "0 conversions of ada were approved by then, so the rate below all tiers applies: 10 %." in first
    assert "2 conversions of ada were approved by then, so the tier from 2 on applies: 20 %." in last
