"""A fixed amount for each conversion: 50.00 USD, once a billing cycle, by default for the first cycle."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.copies import books_of, deliver_copies
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.lines import Line, itemized

from .conftest import Explained, OutcomeOf
from .test_billing_cycles import events_of, months, upgraded

FLAT = {"type": "flat", "amount_cents": 5000}
TWELVE = FLAT | {"max_cycles": 12}
BY_PRODUCT = FLAT | {
    "product_rates": [{"product": "prod_seats", "bps": 1000}, {"product": "prod_setup", "excluded": True}]
}


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", FLAT)


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada", payment="ada"))


def test_flat_amount_does_not_depend_on_the_conversions_amount(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(events_of(cleo.subscribes(Bill(net_minor=100)), cleo.buys(Bill(net_minor=90_000), through_session=False)))
    drain()
    assert ledger().balances == owed(ada=10_000)


def test_the_second_cycle_is_above_the_default_limit_and_a_new_subscription_is_not(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    first, second = months(cleo, 2)
    deliver(events_of(first, second))
    drain()
    assert ledger().balances == owed(ada=5000)
    assert outcome_of(second.event("invoice.paid")) == "cap_reached"
    deliver(cleo.subscribes().events)
    drain()
    assert ledger().balances == owed(ada=10_000)


@pytest.mark.parametrize("commission", [TWELVE], indirect=True)
def test_with_more_cycles_each_is_paid_and_an_upgrade_inside_one_pays_nothing_more(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, explained: Explained
) -> None:
    first = cleo.subscribes()
    upgrade = upgraded(cleo, first)
    deliver(events_of(first, upgrade, cleo.renews(first)))
    drain()
    assert ledger().balances == owed(ada=10_000)
    assert outcome_of(upgrade.event("invoice.paid")) == "cap_reached"
    explanation = explained(upgrade.invoice)["sentences"]
    assert any("the fixed amount is paid once a billing cycle" in one for one in explanation)


def test_a_fixed_amount_stays_until_everything_was_returned(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo.subscribes()
    deliver([*first.events, *cleo.is_refunded(first, 4899).events])
    drain()
    assert ledger().balances == owed(ada=5000)
    deliver(cleo.is_refunded(first, 1).events)
    drain()
    assert ledger().balances == {}


@pytest.mark.parametrize("commission", [TWELVE], indirect=True)
def test_the_earliest_payment_of_a_cycle_has_the_fixed_amount_even_if_fully_refunded(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """What was paid once a cycle stands with its payment: the upgrade does not take its place."""
    first = cleo.subscribes()
    deliver([*upgraded(cleo, first).events])
    drain()
    assert ledger().balances == owed(ada=5000)
    deliver([*first.events, *cleo.is_refunded(first, 4900).events])
    drain()
    assert ledger().balances == {}


@pytest.mark.parametrize("commission", [TWELVE], indirect=True)
def test_invoice_that_has_the_fixed_amount_of_a_cycle_is_the_same_in_every_order(
    deliver: Deliver, drain: Drain
) -> None:
    """A month, its upgrade, a month, and all of the upgrade back: 24 orders, each worked one by one."""
    copies = []
    for order in permutations(range(4)):
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes()
        upgrade = upgraded(cleo, first)
        second = cleo.renews(first)
        events = [first.events, upgrade.events, second.events, cleo.is_refunded(upgrade, 2000).events]
        copies.append([events[number] for number in order])
    deliver_copies(copies, deliver, drain)
    found = books_of(copies)
    assert all(one.balances == owed(ada=10_000) for one in found)
    assert len({one.payments for one in found}) == 1


@pytest.mark.parametrize("bill", [Bill(net_minor=9800, currency="jpy"), Bill(net_minor=4900, currency="eur")])
def test_another_currency_than_the_programs_earns_nothing_and_shows(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, bill: Bill
) -> None:
    sale = cleo.subscribes(bill)
    deliver(sale.events)
    drain()
    assert ledger().balances == {}
    assert outcome_of(sale.event("invoice.paid")) == "currency_mismatch"


def test_a_base_of_zero_pays_nothing(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    """A trial, and a month paid from the credit balance: neither is a cycle, so the next month is the first."""
    trial = cleo.subscribes(Bill(net_minor=0))
    credited = cleo.renews(trial, Bill(net_minor=4900, balance_minor=4900))
    paid = cleo.renews(trial, Bill(net_minor=4900))
    deliver(events_of(trial, credited, paid))
    drain()
    assert ledger().balances == owed(ada=5000)
    assert outcome_of(credited.event("invoice.paid")) == "zero_base"


@pytest.mark.parametrize("commission", [BY_PRODUCT], indirect=True)
@pytest.mark.parametrize(
    ("lines", "bill", "back_minor", "commission_minor"),
    [
        ((Line("prod_pro", 100), Line("prod_setup", 4800)), Bill(net_minor=4900), 0, 5000),
        ((Line("prod_setup", 4900),), Bill(net_minor=4900), 0, 0),
        ((Line("prod_seats", 4900),), Bill(net_minor=4900), 0, 490),
        # 50.00 for prod_pro, 10 % of 30.00 for seats; then 10.00 of 100.00 went back: the seats' share falls by 0.30.
        ((Line("prod_pro", 5000), Line("prod_seats", 3000), Line("prod_setup", 2000)), Bill(net_minor=10_000), 0, 5300),
        (
            (Line("prod_pro", 5000), Line("prod_seats", 3000), Line("prod_setup", 2000)),
            Bill(net_minor=10_000),
            1000,
            5270,
        ),
    ],
)
def test_products_with_a_rate_of_their_own_earn_that_and_the_others_the_amount(
    cleo: Customer,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    lines: tuple[Line, ...],
    bill: Bill,
    back_minor: int,
    commission_minor: int,
) -> None:
    sale = cleo.subscribes(bill)
    deliver([*itemized(sale, lines), *(cleo.is_refunded(sale, back_minor).events if back_minor else ())])
    drain()
    assert ledger().balances == owed(ada=commission_minor)


def test_the_explanation_says_that_the_amount_is_fixed(
    cleo: Customer, deliver: Deliver, drain: Drain, explained: Explained
) -> None:
    first = cleo.subscribes()
    deliver([*first.events, *cleo.is_refunded(first, 1000).events])
    drain()
    explanation = explained(first.invoice)["sentences"]
    assert "The conversion earns a fixed amount, whatever the customer paid: 50.00 USD." in explanation
