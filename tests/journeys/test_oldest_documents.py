"""Documents from before an id or a field existed: what is there is read, and nothing of it is parked."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import promotions, returns
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import ACACIA, CLOVER, FIRST
from tests.stripe_stories.promotions import Coupon, Discount
from tests.stripe_stories.returns import Dispute

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")

DeliverAll = Callable[..., None]


@pytest.fixture(params=[False, True], ids=["in order", "backwards"])
def deliver_all(request: pytest.FixtureRequest, deliver: Deliver, drain: Drain) -> DeliverAll:
    """Deliver events one by one, in order or backwards; none is parked."""

    def deliver_all(*events: Event) -> None:
        for event in reversed(events) if request.param else events:
            deliver([event])
            drain()
        with db.transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM stripe_events WHERE outcome = 'parked'")) == 0

    return deliver_all


def without(event: Event, *names: str) -> Event:
    """`event` with these fields of its object gone."""
    found = deepcopy(event)
    for name in names:
        del found["data"]["object"][name]
    return found


def discounted(cleo: Customer, sale: Purchase, **fields: Any) -> list[Event]:
    """A coupon of Ada's, and its use by Cleo as these fields of the discount say."""
    coupon = Coupon(cleo.ids.fresh("SPRING"), cleo.now, marker="ada")
    discount = Discount(cleo.ids.fresh("di"), coupon, cleo.id, sale.paid_at - 60)
    document = promotions.discount(cleo.family, discount, livemode=False) | fields
    return [
        cleo.event("coupon.created", promotions.coupon(coupon, livemode=False), sale.paid_at - 61),
        cleo.event("customer.discount.created", document, sale.paid_at - 60),
    ]


def test_the_id_of_a_subscription_line_was_the_subscriptions(deliver_all: DeliverAll, ledger: Ledger) -> None:
    """Before 2018-05-21."""
    first = Customer(FIRST, Marks(subscription="ada")).subscribes()
    paid = first.event("invoice.paid")
    paid["data"]["object"]["lines"]["data"][0] |= {"id": first.subscription, "subscription": None}
    deliver_all(paid)
    assert ledger().balances == owed(ada=980)


def test_a_line_of_another_subscription_names_no_partner(deliver_all: DeliverAll, ledger: Ledger) -> None:
    first = Customer(FIRST, Marks(subscription="ada")).subscribes()
    paid = first.event("invoice.paid")
    paid["data"]["object"]["lines"]["data"][0] |= {"id": "sub_1Another0001", "subscription": None}
    deliver_all(paid)
    assert [line.outcome for line in ledger().payments] == ["unattributed"]


@pytest.mark.parametrize("of_subscription", [False, True])
def test_a_discount_without_an_id_credits_what_it_was_used_on(
    deliver_all: DeliverAll, ledger: Ledger, of_subscription: bool
) -> None:
    cleo = Customer(ACACIA)
    sale = cleo.subscribes().only("invoice.paid")
    used = {"subscription": sale.subscription} if of_subscription else {}
    made, used_event = discounted(cleo, sale, **used)
    deliver_all(made, without(used_event, "id"), *sale.events)
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("family", [ACACIA, CLOVER], ids=lambda family: family.name)
@pytest.mark.parametrize("item", ["invoice_item", "subscription_item"])
@pytest.mark.parametrize("shows_it", [False, True])
def test_a_discount_of_an_item_credits_the_invoices_that_show_it_and_no_other(
    deliver_all: DeliverAll, ledger: Ledger, family: Any, item: str, shows_it: bool
) -> None:
    cleo = Customer(family)
    sale = cleo.subscribes().only("invoice.paid")
    events = discounted(cleo, sale, **{item: "item_1Addon0001"})
    if shows_it:
        used = events[1]["data"]["object"]["id"]
        sale.events[0]["data"]["object"]["total_discount_amounts"] = [{"amount": 490, "discount": used}]
    deliver_all(*events, *sale.events)
    assert ledger().balances == (owed(ada=980) if shows_it else {})


def test_the_mark_of_a_subscription_without_an_id_counts_for_its_customer(
    deliver_all: DeliverAll, ledger: Ledger
) -> None:
    """A customer had one subscription at most, and invoices did not say which."""
    first = Customer(FIRST, Marks(subscription="ada")).subscribes()
    begun = without(first.event("customer.subscription.created"), "id")
    paid = without(first.event("invoice.paid"), "subscription")
    paid["data"]["object"]["lines"]["data"][0] |= {"id": "il_1", "subscription": None, "metadata": {}}
    deliver_all(begun, paid)
    assert ledger().balances == owed(ada=980)


def test_a_dispute_without_an_id_is_its_charges(deliver_all: DeliverAll, ledger: Ledger) -> None:
    cleo = Customer(FIRST, Marks(subscription="ada"))
    first = cleo.subscribes().only("charge.succeeded", "invoice.paid")
    events = []
    for step, status in enumerate(("needs_response", "under_review", "lost")):
        opened = Dispute("dp_1", first, 4900, cleo.now, status=status)
        document = returns.dispute(opened, livemode=False)
        kind = ("created", "updated", "closed")[step]
        event = cleo.event(f"charge.dispute.{kind}", document, cleo.now + 60 * step)
        events.append(without(event, "id", "balance_transactions"))
    deliver_all(*first.events, *events)
    assert ledger().balances == {}


def test_charge_with_refunds_without_ids_counts_by_its_own_sum(deliver_all: DeliverAll, ledger: Ledger) -> None:
    cleo = Customer(FIRST, Marks(subscription="ada"))
    first = cleo.subscribes().only("charge.succeeded", "invoice.paid")
    _, refunded, _ = cleo.is_refunded(first, 2450).events
    for refund in refunded["data"]["object"]["refunds"]["data"]:
        del refund["id"], refund["charge"]
    deliver_all(*first.events, refunded)
    assert ledger().balances == owed(ada=490)


def test_a_payment_intent_that_succeeded_without_saying_what_arrived_brought_its_amount(
    deliver_all: DeliverAll, ledger: Ledger
) -> None:
    sale = Customer(FIRST, Marks(payment="ada")).buys(through_session=False).only("payment_intent.succeeded")
    deliver_all(without(sale.events[0], "amount_received"))
    assert ledger().balances == owed(ada=980)
