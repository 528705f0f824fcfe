"""Taxes, discounts, credit balances and money that never came through Stripe."""

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import ENDIVE

from .conftest import Meet

BILLS = {
    "tax on top": (Bill(net_minor=4900, tax_minor=931), 980),
    "tax inside": (Bill(net_minor=4900, tax_minor=931, tax_inclusive=True), 980),
    "a discount": (Bill(net_minor=2450, discount_minor=2450), 490),
    "part of it from the credit balance": (Bill(net_minor=4900, balance_minor=1900), 600),
    "tax, and half of it from the credit balance": (Bill(net_minor=10_000, tax_minor=2_000, balance_minor=6_000), 1000),
    "all of it from the credit balance": (Bill(net_minor=4900, balance_minor=4900), 0),
    "a half cent, rounded up": (Bill(net_minor=4903), 981),
    "less than a half cent": (Bill(net_minor=2), 0),
}


@pytest.mark.parametrize(("bill", "commission_minor"), BILLS.values(), ids=BILLS.keys())
def test_a_commission_is_a_share_of_the_net_that_was_collected(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, bill: Bill, commission_minor: int
) -> None:
    deliver(meet(subscription="ada").subscribes(bill).events)
    drain()
    assert ledger().balances == owed(ada=commission_minor)


def test_an_invoice_marked_paid_by_hand_earns_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(meet(subscription="ada").subscribes(Bill(out_of_band=True)).events)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["out_of_band"]


def test_a_renewal_paid_outside_stripe_adds_nothing(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = Customer(ENDIVE, Marks(subscription="ada"))
    first = cleo.subscribes()
    deliver(first.events + cleo.renews(first, Bill(out_of_band=True)).events)
    drain()
    assert ledger().balances == owed(ada=980)
