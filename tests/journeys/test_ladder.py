"""Who above a partner earns with it. Ada was invited by Ben, Ben by Dan, Dan by Fay."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from tests import cast
from tests.books import Balances, owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.copies import books_of, deliver_copies
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.lines import Line, itemized

from .conftest import Explained
from .desk import Desk
from .test_approval import approve, day, reject

LADDER = {1: 500, 2: 300, 3: 200}
TAXED = Bill(net_minor=4900, tax_minor=980)


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", cast.PERCENTAGE)


@pytest.fixture
def merchant(application: Flask, commission: Mapping[str, Any]) -> Merchant:
    """20 %, and above the partner 5, 3 and 2 %."""
    with db.transaction() as session:
        shop = cast.open_merchant(session)
        cast.open_ladder(session, shop, LADDER, commission=commission)
        for code in ("fay", "dan", "ben", "ada"):
            cast.enroll(session, shop, code)
        for code, parent in (("ada", "ben"), ("ben", "dan"), ("dan", "fay")):
            cast.place_under(session, shop, code, parent)
    return shop


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada"))


def set_status(merchant: Merchant, code: str, status: Any) -> None:
    with db.transaction() as session:
        cast.change_status(session, merchant, code, status)


def test_each_ancestor_earns_its_levels_rate_of_the_same_base(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Of 49.00: 9.80, 2.45, 1.47 and 0.98; the tax of 9.80 is in no base."""
    deliver(cleo.subscribes(TAXED).events)
    drain()
    assert ledger().balances == owed(ada=980, ben=245, dan=147, fay=98)


def test_an_inactive_ancestor_is_skipped_and_the_others_keep_their_level(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    set_status(merchant, "dan", "paused")
    deliver(cleo.subscribes(TAXED).events)
    drain()
    assert ledger().balances == owed(ada=980, ben=245, fay=98)


def test_returns_reduce_every_level_by_the_same_function(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """1000 of 5880: 980 - 166.67, 245 - 41.67, 147 - 25, 98 - 16.67. Then all of it."""
    first = cleo.subscribes(TAXED)
    deliver([*first.events, *cleo.is_refunded(first, 1000).events])
    drain()
    assert ledger().balances == owed(ada=813, ben=203, dan=122, fay=81)
    deliver(cleo.is_refunded(first, 4880).events)
    drain()
    assert ledger().balances == {}


def test_activity_of_uplines_is_decided_once(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Dan is paused after the first month: the refund of it counts against him, the second month is not his."""
    set_status(merchant, "fay", "paused")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    set_status(merchant, "dan", "paused")
    set_status(merchant, "fay", "active")
    deliver([*cleo.is_refunded(first, 2450).events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(ada=490 + 980, ben=122 + 245, dan=73, fay=98)


def test_a_partner_placed_elsewhere_earns_for_others_from_then_on(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    with db.transaction() as session:
        cast.place_under(session, merchant, "ada", "fay")
    deliver([*cleo.is_refunded(first, 2450).events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(ada=490 + 980, ben=122, dan=73, fay=49 + 245)


def test_the_ladder_is_that_of_the_terms_the_customer_was_bound_under(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    with db.transaction() as session:
        cast.open_ladder(session, merchant, {1: 10_000})
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == owed(ada=1960, ben=490, dan=294, fay=196)


@pytest.mark.parametrize("switched", ["before", "after"])
def test_a_program_without_levels_pays_none_and_keeps_what_it_paid(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, switched: str
) -> None:
    first = cleo.subscribes()
    if switched == "after":
        deliver(first.events)
        drain()
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET multi_level_enabled = false"))
    deliver([*first.events, *cleo.is_refunded(first, 2450).events, *cleo.renews(first).events])
    drain()
    above = {"ben": 122, "dan": 73, "fay": 49} if switched == "after" else {}
    assert ledger().balances == owed(ada=490 + 980, **above)


def test_custom_rate_does_not_apply_to_uplines(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    with db.transaction() as session:
        cast.enroll(session, merchant, "gus", rate_bps=5000)
        cast.place_under(session, merchant, "gus", "ben")
    deliver(Customer(CLOVER, Marks(subscription="gus")).subscribes().events)
    drain()
    assert ledger().balances == owed(gus=2450, ben=245, dan=147, fay=98)


def test_no_upline_of_an_inactive_partner_earns(
    merchant: Merchant, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    set_status(merchant, "ada", "paused")
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == owed(ada=980, ben=245, dan=147, fay=98)


@pytest.mark.parametrize("commission", [{"type": "recurring", "bps": 2000, "max_cycles": 1}], indirect=True)
def test_a_limit_stops_every_level(cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """The second month is delivered first: all of its commissions are taken back when the first turns up."""
    first = cleo.subscribes(Bill(net_minor=1000))
    deliver(cleo.renews(first, Bill(net_minor=4900)).events)
    drain()
    assert ledger().balances == owed(ada=980, ben=245, dan=147, fay=98)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=200, ben=50, dan=30, fay=20)


EXCLUDING = {"type": "percentage", "bps": 2000, "product_rates": [{"product": "prod_setup", "excluded": True}]}


@pytest.mark.parametrize("commission", [EXCLUDING], indirect=True)
def test_lines_that_earn_the_partner_nothing_earn_its_uplines_nothing(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    """70.00 of 100.00 count, and half of all was collected: 35.00 at 20, 5, 3 and 2 %. Set-up alone is nothing."""
    lines = (Line("prod_pro", 8000, discount_minor=1000), Line("prod_setup", 3000))
    sale = cleo.subscribes(Bill(net_minor=10_000, discount_minor=1000, balance_minor=5000))
    deliver([*itemized(sale, lines), *itemized(cleo.renews(sale, Bill(net_minor=3000)), (Line("prod_setup", 3000),))])
    drain()
    assert ledger().balances == owed(ada=700, ben=175, dan=105, fay=70)
    explanation = desk.explains(str(sale.invoice))
    assert explanation.count("Uplines earn nothing on lines that earn the partner nothing.") == 3


def test_decisions_cover_every_level(cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    reject(first)
    assert ledger().balances == {}
    approve(first)
    assert ledger().balances == approved(ada=980, ben=245, dan=147, fay=98)


def test_the_clock_approves_every_level_at_once(cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    assert clock(day(first, cast.HOLDBACK_DAYS)) == 1
    assert ledger().balances == approved(ada=980, ben=245, dan=147, fay=98)


def test_reassignment_takes_all_levels_along(
    desk: Desk, cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """From Ada to Dan, who stood two levels above her; above him there is Fay alone."""
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    assert desk.credits(str(first.invoice), "dan").status_code == 200
    assert ledger().balances == owed(dan=980, fay=245)
    assert desk.credits(str(first.invoice), "ada").status_code == 200
    assert ledger().balances == owed(ada=980, ben=245, dan=147, fay=98)


def test_a_sale_and_its_invoice_are_one_for_every_level(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Dan is paused before the invoice turns up: what he earned with its money stays his."""
    sale = Customer(CLOVER, Marks(payment="ada", invoice="ada")).buys(invoiced=True, through_session=False)
    deliver(sale.only("charge.succeeded", "payment_intent.succeeded").events)
    drain()
    assert ledger().balances == owed(ada=980, ben=245, dan=147, fay=98)
    set_status(merchant, "dan", "paused")
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=980, ben=245, dan=147, fay=98)


def test_every_order_of_a_story_ends_in_the_same_books(deliver: Deliver, drain: Drain) -> None:
    """Two months and a refund of the first: five events, 120 orders, each worked one by one."""
    copies = []
    for order in permutations(range(5)):
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes(TAXED)
        second = cleo.renews(first)
        events = (
            first.event("invoice.paid"),
            first.event("invoice_payment.paid"),
            first.event("charge.succeeded"),
            second.event("invoice.paid"),
            cleo.is_refunded(first, 1000).events[0],
        )
        copies.append([[events[number]] for number in order])
    deliver_copies(copies, deliver, drain)
    expected = owed(ada=813 + 980, ben=203 + 245, dan=122 + 147, fay=81 + 98)
    assert all(copy.balances == expected for copy in books_of(copies))


def test_the_explanation_shows_each_level(cleo: Customer, deliver: Deliver, drain: Drain, explained: Explained) -> None:
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    explanation = explained(first.invoice)["sentences"]
    assert "dan earns at level 2 of the ladder of terms version 2, which the customer was bound under." in explanation
    assert "3 % of 49.00 USD, rounded half up, is 1.47 USD." in explanation


def approved(**minor: int) -> Balances:
    balances: Balances = {("partner_payable", code, "usd"): amount for code, amount in minor.items()}
    return balances | {("commission_expense", None, "usd"): sum(minor.values())}
