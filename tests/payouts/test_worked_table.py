"""The worked table of the ledger and its other ending, to the cent: Stripe's events in, everything else over HTTP."""

import pytest

from tests.conftest import Deliver, Drain, Ledger, assert_ledger_sound
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .till import Body, Till, payout_of


@pytest.fixture
def program(till: Till) -> None:
    till.sets(platform_fee_bps=500)
    till.pays_to("ada")


def commission_of(till: Till, sale: Purchase) -> Body:
    """The commission on an invoice."""
    page = till.caller.get("/api/v1/commissions", limit=100).json["commissions"]
    return next(each for each in page if each["stripeInvoiceId"] == sale.invoice)


def approve(till: Till, sale: Purchase) -> None:
    till.approves(commission_of(till, sale)["conversionId"])


@pytest.mark.usefixtures("program")
def test_worked_table_ends_to_the_cent(till: Till, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes(Bill(4900))
    deliver(first.events)
    drain()
    assert till.holds("ada") == (980, 0, 0, 0, 0, 0)

    refund = cleo.is_refunded(first, 1000)
    deliver(refund.events)
    drain()
    assert till.holds("ada") == (780, 0, 0, 0, 0, 0)

    deliver(refund.failure)
    drain()
    assert till.holds("ada") == (980, 0, 0, 0, 0, 0)

    approve(till, first)
    assert till.holds("ada") == (0, 980, 0, 0, 0, 0)
    assert commission_of(till, first)["status"] == "approved"

    payout = payout_of(till.runs(), till, "ada")
    assert (payout["gross_cents"], payout["fee_cents"], payout["net_cents"]) == (980, 49, 931)
    assert (payout["status"], payout["commission_count"]) == ("pending", 1)
    assert till.holds("ada") == (0, 0, 980, 0, 0, 0)
    assert commission_of(till, first)["status"] == "approved"

    assert till.did(payout["id"], "confirm", reference="PP-1")["status"] == "paid"
    assert till.holds("ada") == (0, 0, 0, 931, 49, 0)
    assert commission_of(till, first)["status"] == "paid"
    assert commission_of(till, first)["paidAt"] == till.sees(payout["id"])["paid_at"]

    dispute = DisputeStory(cleo, first)
    deliver([dispute.opens(), dispute.takes_the_money()])
    drain()
    assert till.holds("ada") == (0, -980, 0, 931, 49, 0)

    deliver([dispute.gives_it_back(), dispute.closes("won")])
    drain()
    assert till.holds("ada") == (0, 0, 0, 931, 49, 0)
    ledger()


@pytest.mark.usefixtures("program")
def test_other_ending_nets_the_debt_with_the_next_commission(till: Till, deliver: Deliver, drain: Drain) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes(Bill(4900))
    deliver(first.events)
    drain()
    approve(till, first)
    paid = payout_of(till.runs(), till, "ada")
    till.did(paid["id"], "confirm")
    dispute = DisputeStory(cleo, first)
    deliver([dispute.opens(), dispute.takes_the_money(), dispute.closes("lost")])
    drain()

    second = Customer(CLOVER, Marks(subscription="ada")).subscribes(Bill(7500))
    deliver(second.events)
    drain()
    approve(till, second)
    debt, earned = (commission_of(till, sale)["id"] for sale in (first, second))
    assert (till.holds("ada", debt), till.holds("ada", earned)) == ((0, -980, 0, 931, 49, 0), (0, 1500, 0, 0, 0, 0))

    netted = payout_of(till.runs(), till, "ada")
    assert (netted["gross_cents"], netted["fee_cents"], netted["net_cents"]) == (520, 26, 494)
    assert till.did(netted["id"], "confirm")["lines"] == [
        {"commission_id": debt, "opening_balance_id": None, "gross_cents": -980, "fee_cents": -49, "net_cents": -931},
        {"commission_id": earned, "opening_balance_id": None, "gross_cents": 1500, "fee_cents": 75, "net_cents": 1425},
    ]
    assert till.holds("ada", debt) == (0, 0, 0, 0, 0, 0)
    assert till.holds("ada", earned) == (0, 0, 0, 1425, 75, 0)
    assert (commission_of(till, first)["status"], commission_of(till, second)["status"]) == ("reversed", "paid")
    assert_ledger_sound()
