"""Commissions that end: after so many billing cycles, or so many months of the calendar."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from app import db, ids
from app.commissions.models import Commission
from app.explanations.earnings import own
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.copies import deliver_copies
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import MONTH_SECONDS, Bill, Event, Purchase
from tests.stripe_stories.lines import Line, itemized
from tests.stripe_stories.periods import Span, billed

from .conftest import Meet


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", {"type": "recurring", "bps": 2000, "max_cycles": 2})


def months(cleo: Customer, count: int) -> list[Purchase]:
    """A subscription of so many paid months."""
    first = cleo.subscribes()
    return [first, *(cleo.renews(first) for _ in range(count - 1))]


def events_of(*sales: Purchase) -> list[Event]:
    return [event for sale in sales for event in sale.events]


def test_third_cycle_is_not_paid_with_a_limit_of_two(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(events_of(*months(meet(subscription="ada"), 3)))
    drain()
    assert ledger().balances == owed(ada=1960)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "accrued", "cap_reached"]


@pytest.mark.parametrize("commission", [{"type": "percentage", "bps": 2000, "max_months": 12}], indirect=True)
def test_only_a_subscriptions_commission_names_a_billing_cycle(meet: Meet, deliver: Deliver, drain: Drain) -> None:
    deliver(events_of(meet(subscription="ada").subscribes(), meet(payment="ben").buys(through_session=False)))
    drain()
    with db.transaction() as session:
        every = session.scalars(select(Commission).order_by(Commission.accrued_at, Commission.id)).all()
        explanation = [own.explain_own(session, ids.encode(ids.COMMISSION, one.id)) for one in every]
    assert sorted((one.cycle, "billing cycle" in " ".join(one.sentences)) for one in explanation if one.cycle) == [
        (1, True)
    ]
    assert [(one.cycle, "billing cycle" in " ".join(one.sentences)) for one in explanation if not one.cycle] == [
        (None, False)
    ]


def test_a_late_invoice_moves_the_ranks_and_the_differences_are_posted(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """The second month comes last: the third, which was paid for as the second cycle, is taken back."""
    cleo = meet(subscription="ada")
    first, second, third = months(cleo, 3)
    deliver(events_of(first, third))
    drain()
    assert ledger().balances == owed(ada=1960)
    deliver(events_of(second))
    drain()
    assert ledger().balances == owed(ada=1960)
    assert {line.outcome for line in ledger().payments} == {"accrued", "cap_reached"}


def test_the_order_of_arrival_never_decides_which_cycle_is_beyond_the_cap(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    copies = []
    for order in permutations(range(4)):
        sales = months(meet(subscription="ada"), 4)
        copies.append([sales[number].events for number in order])
    deliver_copies(copies, deliver, drain)
    assert ledger().balances == owed(ada=24 * 1960)


def test_a_trial_is_no_cycle(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    trial = cleo.subscribes(Bill(net_minor=0))
    paid = [cleo.renews(trial, Bill()) for _ in range(3)]
    deliver(events_of(trial, *paid))
    drain()
    assert ledger().balances == owed(ada=1960)


def test_an_upgrade_within_a_cycle_is_no_new_cycle(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """It bills prorations only."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    upgrade = upgraded(cleo, first)
    second = cleo.renews(first)
    deliver(events_of(upgrade, second, first))
    drain()
    assert ledger().balances == owed(ada=980 + 400 + 980)


def upgraded(cleo: Customer, first: Purchase) -> Purchase:
    """An invoice for the rest of the month that `first` began, a day into it."""
    cleo.waits(86_400 - MONTH_SECONDS)
    extra = cleo.renews(first, Bill(net_minor=2000))
    cleo.waits(-86_400)
    rest = Span(extra.paid_at, first.paid_at + MONTH_SECONDS, is_proration=True)
    return billed(extra, [rest], extra.paid_at)


def test_refunds_do_not_change_the_cycle_numbers(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """A cycle counts whatever came back later."""
    cleo = meet(subscription="ada")
    sales = months(cleo, 3)
    deliver(events_of(*sales))
    deliver(cleo.is_refunded(sales[0], 4900).events)
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("commission", [{"type": "percentage", "bps": 2000, "max_months": 2}], indirect=True)
def test_months_are_counted_from_the_customers_first_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Paid on 2 March, 1 April, 1 May: two months end on 2 May. Thirty days later, 31 May, is beyond."""
    cleo = meet(subscription="ada")
    sales = months(cleo, 4)
    assert [datetime.fromtimestamp(sale.paid_at, UTC).strftime("%m-%d") for sale in sales] == [
        "03-02",
        "04-01",
        "05-01",
        "05-31",
    ]
    deliver(events_of(*sales[1:]))
    drain()
    assert ledger().balances == owed(ada=3 * 980)  # so far the first known is that of 1 April
    deliver(events_of(sales[0]))
    drain()
    assert ledger().balances == owed(ada=3 * 980)
    assert [line.outcome for line in ledger().payments].count("cap_reached") == 1


@pytest.mark.parametrize("commission", [{"type": "percentage", "bps": 2000, "max_months": 2}], indirect=True)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_months_are_counted_from_a_first_payment_whose_share_rounds_to_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, is_reversed: bool
) -> None:
    """20 % of 0.01 is nothing, but it was the customer's first."""
    first = (cleo := meet(subscription="ada")).subscribes(Bill(net_minor=1))
    sales = [first, *(cleo.renews(first, Bill()) for _ in range(3))]
    for sale in reversed(sales) if is_reversed else sales:
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(ada=2 * 980)
    outcomes = sorted(line.outcome for line in ledger().payments)
    assert outcomes == ["accrued", "accrued", "cap_reached", "zero_base"]


SEATS_APART = {
    "type": "percentage",
    "bps": 2000,
    "max_months": 2,
    "product_rates": [{"product": "prod_seats", "bps": 5000}],
}


@pytest.mark.parametrize("commission", [SEATS_APART], indirect=True)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_months_are_counted_from_a_first_payment_that_waits_for_its_lines(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, is_reversed: bool
) -> None:
    lines = [Line("prod_pro", 4000), Line("prod_seats", 900)]
    first, *others = months(meet(subscription="ada"), 4)
    delivered = [itemized(first, lines, shown=1), *(sale.events for sale in others)]
    for events in reversed(delivered) if is_reversed else delivered:
        deliver(events)
        drain()
    assert ledger().balances == owed(ada=2 * 980)
    outcomes = sorted(line.outcome for line in ledger().payments)
    assert outcomes == ["accrued", "accrued", "cap_reached", "waiting"]
