"""Billing cycles of subscriptions whose lines run for different lengths of time, or are billed after the fact."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import MONTH_SECONDS, Bill, Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER, FAMILIES
from tests.stripe_stories.periods import Span, billed

YEAR_SECONDS = 12 * MONTH_SECONDS
DAY_SECONDS = 86_400
THIRD_OF_MONTH = Bill(net_minor=2000)

Story = Callable[[Customer], list[Purchase]]


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", {"type": "recurring", "bps": 2000, "max_cycles": 3})


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada"))


def month(at: int) -> Span:
    return Span(at, at + MONTH_SECONDS)


def year(at: int) -> Span:
    return Span(at, at + YEAR_SECONDS)


def usage(at: int) -> Span:
    """Usage of the month that ends now."""
    return Span(at - MONTH_SECONDS, at)


def renewed(cleo: Customer, first: Purchase, *spans: Callable[[int], Span], bill: Bill | None = None) -> Purchase:
    """A month on: an invoice with lines for these periods."""
    sale = cleo.renews(first, bill)
    return billed(sale, [span(sale.paid_at) for span in spans], sale.paid_at)


def upgraded(cleo: Customer, first: Purchase, *, days: int, ends_at: int) -> Purchase:
    """So many days after now: unused time credited, the rest of the period up to `ends_at` charged."""
    cleo.waits(days * DAY_SECONDS - MONTH_SECONDS)
    sale = cleo.renews(first, THIRD_OF_MONTH)
    cleo.waits(-days * DAY_SECONDS)
    rest = Span(sale.paid_at, ends_at, is_proration=True)
    return billed(sale, [rest, rest], sale.paid_at)


def yearly_add_on(cleo: Customer) -> list[Purchase]:
    """The invoice of month 12 ends when the add-on of month 1 does."""
    first = cleo.subscribes(Bill(net_minor=14_900))
    cleo.waits(first.paid_at - cleo.now)
    sales = [billed(first, [month(first.paid_at), year(first.paid_at)], first.paid_at)]
    sales += [renewed(cleo, first, month, bill=Bill()) for _ in range(11)]
    return [*sales, renewed(cleo, first, month, year, bill=Bill(net_minor=14_900))]


def usage_in_arrears(cleo: Customer) -> list[Purchase]:
    """Each month's invoice carries the usage of the month before, which ends when the month before did."""
    first = cleo.subscribes()
    return [billed(first, [month(first.paid_at)], first.paid_at)] + [
        renewed(cleo, first, usage, month) for _ in range(4)
    ]


def both(cleo: Customer) -> list[Purchase]:
    first = cleo.subscribes()
    sales = [billed(first, [year(first.paid_at), month(first.paid_at)], first.paid_at)]
    return sales + [renewed(cleo, first, usage, month) for _ in range(11)]


def yearly_with_usage(cleo: Customer) -> list[Purchase]:
    """A yearly plan whose usage is billed each month by itself: each of its invoices is a cycle."""
    first = cleo.subscribes()
    return [billed(first, [year(first.paid_at)], first.paid_at)] + [renewed(cleo, first, usage) for _ in range(4)]


def upgrade(cleo: Customer) -> list[Purchase]:
    """In mid-month of a plan with a yearly add-on: part of the month that is running, for add-on and plan alike."""
    first = cleo.subscribes()
    begun = first.paid_at
    sales = [
        billed(first, [month(begun), year(begun)], begun),
        upgraded(cleo, first, days=9, ends_at=begun + YEAR_SECONDS),
    ]
    sales.append(renewed(cleo, first, month))
    sales.append(upgraded(cleo, first, days=12, ends_at=sales[-1].paid_at + MONTH_SECONDS))
    return [*sales, *(renewed(cleo, first, month) for _ in range(3))]


def switch_of_interval(cleo: Customer) -> list[Purchase]:
    """From monthly to yearly after ten days: a credit for the rest of the month, and a year that begins now."""
    first = cleo.subscribes()
    sales = [billed(first, [month(first.paid_at)], first.paid_at), renewed(cleo, first, month)]
    ends_at = sales[-1].paid_at + MONTH_SECONDS
    cleo.waits(10 * DAY_SECONDS - MONTH_SECONDS)
    switched = cleo.renews(first)
    credit = Span(switched.paid_at, ends_at, is_proration=True)
    sales.append(billed(switched, [year(switched.paid_at), credit], switched.paid_at))
    cleo.waits(YEAR_SECONDS - MONTH_SECONDS)
    return [*sales, renewed(cleo, first, year)]


def backdated(cleo: Customer) -> list[Purchase]:
    """It began 45 days ago: the first invoice bills that time too."""
    first = cleo.subscribes()
    begun = first.paid_at
    sales = [billed(first, [Span(begun - 45 * DAY_SECONDS, begun), month(begun)], begun)]
    return sales + [renewed(cleo, first, month) for _ in range(4)]


FULL, PART = 980, 400
STORIES: Mapping[str, tuple[Story, int]] = {
    "yearly_add_on": (yearly_add_on, 2980 + 2 * FULL),
    "usage_in_arrears": (usage_in_arrears, 3 * FULL),
    "both": (both, 3 * FULL),
    "yearly_with_usage": (yearly_with_usage, 3 * FULL),
    "upgrade": (upgrade, 3 * FULL + 2 * PART),
    "switch_of_interval": (switch_of_interval, 3 * FULL),
    "backdated": (backdated, 3 * FULL),
}


def event_orders(events: Sequence[Event]) -> list[list[Event]]:
    """The given order, its reverse, and a shuffled one in which everything comes twice."""
    shuffled = [*events, *events]
    random.Random(len(events)).shuffle(shuffled)
    return [list(events), list(reversed(events)), shuffled]


@pytest.mark.parametrize("name", STORIES)
def test_three_cycles_are_paid_in_every_order_and_shape(
    name: str, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    story, expected_minor = STORIES[name]
    for order, family in enumerate(FAMILIES):
        cleo = Customer(family, Marks(subscription="ada"))
        events = [event for sale in story(cleo) for event in sale.events]
        delivered = event_orders(events)[order]
        for begin in range(0, len(delivered), 5):
            deliver(delivered[begin : begin + 5])
            drain()
        assert ledger().balances == owed(ada=(order + 1) * expected_minor)


def test_the_moment_of_billing_is_the_latest_start_where_the_invoice_does_not_say(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo.subscribes()
    sales = [first, *(cleo.renews(first) for _ in range(4))]
    for sale in sales:
        spans = [usage(sale.paid_at), month(sale.paid_at), year(sale.paid_at)]
        deliver(billed(sale, spans, sale.paid_at, states_period=False).events)
    drain()
    assert ledger().balances == owed(ada=3 * FULL)


def test_an_upgrade_known_before_its_month_is_moved_into_it(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Alone it is a cycle of its own, named by its end; the month's invoice, which ends later, takes it in."""
    sales = upgrade(cleo)
    deliver(event for sale in sales[1:] for event in sale.events)
    drain()
    # The upgrade of the first month, the second month with its upgrade, the third: three cycles.
    assert ledger().balances == owed(ada=2 * FULL + 2 * PART)
    deliver(sales[0].events)
    drain()
    assert ledger().balances == owed(ada=3 * FULL + 2 * PART)


@pytest.mark.parametrize("commission", [{"type": "flat", "amount_cents": 500, "max_cycles": 2}], indirect=True)
def test_a_flat_amount_is_paid_once_in_a_month_with_an_upgrade(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(event for sale in reversed(upgrade(cleo)) for event in sale.events)
    drain()
    assert ledger().balances == owed(ada=1000)
    outcomes = [line.outcome for line in ledger().payments]
    assert (outcomes.count("accrued"), outcomes.count("cap_reached")) == (2, 5)


@pytest.mark.parametrize("commission", [{"type": "recurring", "bps": 2000, "max_cycles": 2}], indirect=True)
def test_lines_that_were_fetched_rename_the_cycle_that_the_first_page_named(
    cleo: Customer, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """The page shows the yearly add-on alone, as if month 12 were the same cycle; all lines name the first month."""
    first = cleo.subscribes()
    begun = first.paid_at
    cleo.waits(begun - cleo.now)
    renewals = [renewed(cleo, first, month) for _ in range(11)]
    page = billed(first, [year(begun)], begun)
    whole = billed(first, [year(begun), month(begun)], begun).event("invoice.paid")["data"]["object"]["lines"]
    for event in page.events:
        if event["data"]["object"]["object"] == "invoice":
            event["data"]["object"]["lines"]["has_more"] = True
    deliver([*page.events, *renewals[0].events, *renewals[10].events])
    drain()
    assert ledger().balances == owed(ada=3 * FULL)
    document = {"id": first.invoice, "object": "invoice_lines", "data": whole["data"]}
    deliver([cleo.event("fetched.invoice_lines", document, begun + 30)])
    drain()
    assert ledger().balances == owed(ada=2 * FULL)
    deliver(page.events)
    drain()
    assert ledger().balances == owed(ada=2 * FULL)
