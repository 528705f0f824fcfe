"""An event seen for the first time says what it brought, and only a repetition says that everything was known."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app import db
from app.sentences.outcomes import sentence
from app.stripe_events.models import StripeEvent
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import returns
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import UNMARKED, Event, Marks, Purchase
from tests.stripe_stories.families import ACACIA, CLOVER
from tests.stripe_stories.returns import Dispute, Movement

Reason = Callable[[Event], tuple[str, str]]
NEW = "The event was read; it has new data, but names no partner and moves no money."
KNOWN = "Nothing changed: everything in this event was already recorded."
UNCHANGED = "Nothing changed: its new data changes no commission."


@pytest.fixture
def reason() -> Reason:
    """How an event ended, and its sentence."""

    def reason(event: Event) -> tuple[str, str]:
        with db.transaction() as session:
            stored = session.scalars(select(StripeEvent).where(StripeEvent.stripe_id == event["id"])).one()
            return stored.outcome or "", sentence(stored.outcome, stored.outcome_details)

    return reason


def cleo(marks: Marks = UNMARKED) -> Customer:
    return Customer(CLOVER, marks)


def coupon(customer: Customer) -> Event:
    document = {"id": "SPRING", "object": "coupon", "metadata": {}, "percent_off": 10.0}
    return customer.event("coupon.created", document, customer.now)


def subscription_of(customer: Customer) -> Event:
    return customer.subscribes().event("customer.subscription.created")


def voided_invoice_of(customer: Customer) -> Event:
    invoice = customer.subscribes().event("invoice.paid")["data"]["object"]
    return customer.event("invoice.voided", invoice | {"status": "void", "amount_paid": 0}, customer.now)


@pytest.mark.parametrize("happens", [Customer.appears, coupon, subscription_of, voided_invoice_of])
def test_a_first_event_that_names_no_partner_is_recorded(
    deliver: Deliver, drain: Drain, reason: Reason, happens: Callable[[Customer], Event]
) -> None:
    event = happens(cleo())
    deliver([event])
    drain()
    assert reason(event) == ("recorded", NEW)


def again(event: Event) -> Event:
    """The same said once more, an hour later."""
    return event | {"id": f"{event['id']}_again", "created": event["created"] + 3600}


@pytest.mark.parametrize("at_once", [True, False])
def test_repeated_name_is_already_known(deliver: Deliver, drain: Drain, reason: Reason, *, at_once: bool) -> None:
    appeared = cleo().appears()
    repeated = again(appeared) | {"type": "customer.updated"}
    for events in ([appeared, repeated],) if at_once else ([appeared], [repeated]):
        deliver(events)
        drain()
    assert (reason(appeared), reason(repeated)) == (("recorded", NEW), ("no_change", KNOWN))


def test_a_first_event_is_recorded_beside_sales_that_settle_in_the_same_batch(
    deliver: Deliver, drain: Drain, ledger: Ledger, reason: Reason
) -> None:
    stranger, buyers = cleo().appears(), [cleo(Marks(subscription="ada")) for _ in range(3)]
    events = [event for buyer in buyers for event in (buyer.appears(), *buyer.subscribes().events)]
    deliver([stranger, *events])
    drain()
    assert ledger().balances == owed(ada=3 * 980)
    assert reason(stranger) == ("recorded", NEW)
    appeared = [reason(event) for event in events if event["type"] == "customer.created"]
    assert appeared == [("recorded", NEW)] * 3


def test_new_data_that_changes_no_commission_is_no_change(deliver: Deliver, drain: Drain, reason: Reason) -> None:
    buyer = cleo(Marks(subscription="ada"))
    first = buyer.subscribes()
    opened = Dispute("dp_1", first, 4900, buyer.now, movements=(Movement("txn_1", -4900, buyer.now),))
    lost = Dispute("dp_1", first, 4900, buyer.now + 60, status="lost", movements=opened.movements)
    delivered = [
        buyer.event(f"charge.dispute.{name}", returns.dispute(one, livemode=False), buyer.now)
        for name, one in (("created", opened), ("closed", lost))
    ]
    for events in (first.events, delivered[:1], delivered[1:]):
        deliver(events)
        drain()
    assert reason(delivered[1]) == ("no_change", UNCHANGED)


def described_charge(sale: Purchase) -> Event:
    charge = sale.event("charge.succeeded")
    charge["data"]["object"]["description"] = "Subscription creation"
    return charge


def test_a_subscriptions_charge_seen_first_waits_for_its_invoice(
    deliver: Deliver, drain: Drain, ledger: Ledger, reason: Reason
) -> None:
    first = cleo(Marks(subscription="ada")).subscribes()
    charge = described_charge(first)
    deliver([charge])
    drain()
    outcome, sentence = reason(charge)
    assert outcome == "waiting"
    assert sentence == "Waiting for the link to the invoice it may pay; it is settled as soon as that arrives."
    deliver(first.without("charge.succeeded").events)
    drain()
    assert ledger().balances == owed(ada=980)
    assert reason(charge)[0] == "merged"


def test_a_description_credits_no_partner_and_takes_no_credit_from_a_named_charge(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver([described_charge(cleo(Marks(payment="ada")).buys(through_session=False))])
    drain()
    assert ledger().balances == owed(ada=980)


def warning_of(buyer: Customer, sale: Purchase) -> Event:
    document = {
        "id": "issfr_1",
        "object": "radar.early_fraud_warning",
        "charge": sale.charge,
        "payment_intent": sale.payment_intent,
        "fraud_type": "unauthorized_use_of_card",
        "created": buyer.now,
    }
    return buyer.event("radar.early_fraud_warning.created", document, buyer.now)


def test_a_fraud_warning_waits_for_its_payment(deliver: Deliver, drain: Drain, ledger: Ledger, reason: Reason) -> None:
    buyer = Customer(ACACIA, Marks(subscription="ada"))
    first = buyer.subscribes()
    warned = warning_of(buyer, first)
    deliver([warned])
    drain()
    assert reason(warned) == ("waiting", "Waiting for its payment; it is settled as soon as that arrives.")
    deliver(first.events)
    drain()
    assert reason(warned) == ("no_change", UNCHANGED)


def test_waiting_refund_gets_the_outcome_of_its_unattributed_payment(
    deliver: Deliver, drain: Drain, reason: Reason
) -> None:
    buyer = cleo()
    sale = buyer.buys(through_session=False)
    refund = buyer.is_refunded(sale, 1000).events[0]
    for events in ([refund], sale.events):
        deliver(events)
        drain()
    assert reason(refund)[0] == "unattributed"
