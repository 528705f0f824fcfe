"""Whatever takes a commission back, it keeps the amount its terms give, and says how much of it was reversed."""

from collections.abc import Mapping
from typing import Any

import pytest

from app import db
from tests import cast
from tests.books import CommissionLine
from tests.cast import HOLDBACK_DAYS, Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .conftest import Explained
from .test_approval import approve, day, payable, reject
from .test_self_referral import own_customer

REVERSED = CommissionLine("ada", "usd", 980, 980, "reversed")


@pytest.fixture
def cleo() -> Customer:
    return Customer(CLOVER, Marks(subscription="ada"))


@pytest.fixture
def first(cleo: Customer, deliver: Deliver, drain: Drain) -> Purchase:
    """A commission of 9.80 that has accrued."""
    sale = cleo.subscribes()
    deliver(sale.events)
    drain()
    return sale


@pytest.mark.parametrize("taken", ["refunded", "disputed", "self-referral"])
def test_events_that_take_everything_back_leave_the_amount(
    taken: str, cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain, ledger: Ledger, explained: Explained
) -> None:
    events: Mapping[str, list[Event]] = {
        "refunded": [*cleo.is_refunded(first, 4900).events],
        "disputed": [DisputeStory(cleo, first).takes_the_money()],
        "self-referral": [own_customer(cleo)],
    }
    deliver(events[taken])
    drain()
    assert ledger().balances == {}
    assert ledger().commissions == (REVERSED,)
    assert "20 % of 49.00 USD, rounded half up, is 9.80 USD." in explained(first.invoice)["sentences"]


def test_a_rejected_commission_keeps_its_amount_through_refunds_and_until_it_is_approved(
    cleo: Customer, first: Purchase, deliver: Deliver, drain: Drain, ledger: Ledger, explained: Explained
) -> None:
    reject(first)
    assert ledger().commissions == (REVERSED,)
    assert "20 % of 49.00 USD, rounded half up, is 9.80 USD." in explained(first.invoice)["sentences"]
    assert any(
        "rejected: bought with a stolen card, so nothing is left" in sentence
        for sentence in explained(first.invoice)["sentences"]
    )
    refund = cleo.is_refunded(first, 1000)
    deliver(refund.events)
    drain()
    assert ledger().commissions == (REVERSED,)
    approve(first)
    assert ledger().commissions == (CommissionLine("ada", "usd", 980, 200, "approved"),)
    assert ledger().balances == payable(780)


def test_rejected_conversion_has_no_time_of_approval(first: Purchase, ledger: Ledger) -> None:
    clock(day(first, HOLDBACK_DAYS))
    reject(first)
    assert ledger().commissions == (REVERSED,)


@pytest.mark.parametrize("commission", [{"type": "recurring", "bps": 2000, "max_cycles": 1}])
def test_a_commission_pushed_past_its_limit_lists_what_its_terms_give_and_is_worth_nothing(
    cleo: Customer, commission: Mapping[str, Any], deliver: Deliver, drain: Drain, ledger: Ledger, explained: Explained
) -> None:
    """The second month comes first and is paid for as the first cycle."""
    assert commission
    first = cleo.subscribes()
    second = cleo.renews(first)
    deliver(second.events)
    drain()
    deliver(first.events)
    drain()
    assert ledger().commissions == (CommissionLine("ada", "usd", 980, 0, "accrued"), REVERSED)
    assert "20 % of 49.00 USD, rounded half up, is 9.80 USD." in explained(second.invoice)["sentences"]
    assert any(
        "it is billing cycle 2, and commissions are paid for 1, so nothing is left" in sentence
        for sentence in explained(second.invoice)["sentences"]
    )


def test_every_level_keeps_its_amount(merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    with db.transaction() as session:
        cast.open_ladder(session, merchant, {1: 500})
        cast.enroll(session, merchant, "hal")
        cast.place_under(session, merchant, "hal", "ben")
    sale = Customer(CLOVER, Marks(subscription="hal")).subscribes()
    deliver(sale.events)
    drain()
    reject(sale)
    assert ledger().commissions == (
        CommissionLine("ben", "usd", 245, 245, "reversed"),
        CommissionLine("hal", "usd", 980, 980, "reversed"),
    )


def test_merged_payment_has_no_amount(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """The charge's own commission is the invoice's once they are linked, also where that was rejected."""
    sale = Customer(CLOVER, Marks(payment="ada", invoice="ada")).buys(invoiced=True, through_session=False)
    link = [event for event in sale.events if event["type"] == "invoice_payment.paid"]
    deliver([event for event in sale.events if event not in link])
    drain()
    assert [line.amount_minor for line in ledger().commissions] == [980, 980]
    deliver(link)
    drain()
    reject(sale)
    assert ledger().commissions == (REVERSED,)
