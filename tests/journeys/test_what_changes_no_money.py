"""Events that change no commission: written-off invoices, changed charges, sessions that were never paid."""

from itertools import permutations

import pytest
from sqlalchemy import select

from app import db
from app.sentences.outcomes import sentence
from app.stripe_events.models import StripeEvent
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER, FIRST

from .conftest import Meet, OutcomeOf

WRITTEN_OFF = {"invoice.voided": "void", "invoice.marked_uncollectible": "uncollectible"}


def written_off(cleo: Customer, sale: Purchase, event_type: str, *, after_seconds: int = 3600) -> Event:
    paid = sale.event("invoice.paid")["data"]["object"]
    invoice = paid | {"status": WRITTEN_OFF[event_type], "amount_paid": 0}
    invoice |= {"status_transitions": paid["status_transitions"] | {"paid_at": None}}
    return cleo.event(event_type, invoice, sale.paid_at + after_seconds)


@pytest.mark.parametrize("event_type", WRITTEN_OFF)
def test_an_invoice_known_only_as_written_off_is_no_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, event_type: str
) -> None:
    cleo = meet(subscription="ada")
    event = written_off(cleo, cleo.subscribes(), event_type)
    deliver([event])
    drain()
    assert ledger().payments == ()
    assert outcome_of(event) == "recorded"


@pytest.mark.parametrize("event_type", WRITTEN_OFF)
@pytest.mark.parametrize("after_seconds", [-3600, 3600])
@pytest.mark.parametrize("is_first", [True, False])
def test_paid_stays_paid_whatever_is_written_off_before_or_after(
    deliver: Deliver, drain: Drain, ledger: Ledger, event_type: str, after_seconds: int, is_first: bool
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes(Bill(net_minor=4900, tax_minor=931))
    event = written_off(cleo, first, event_type, after_seconds=after_seconds)
    for events in ([event], first.events) if is_first else (first.events, [event]):
        deliver(events)
        drain()
    assert ledger().balances == owed(ada=980)


def test_a_changed_charge_alone_is_no_payment_and_names_no_partner(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = meet(payment="ada").buys(through_session=False)
    changed = sale.event("charge.succeeded") | {"type": "charge.updated"}
    deliver([changed])
    drain()
    assert ledger().payments == ()


def test_a_changed_charge_credits_nothing_that_was_not_credited(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet()
    sale = cleo.buys(through_session=False)
    deliver(sale.events)
    marked = sale.event("charge.succeeded")["data"]["object"] | {"metadata": {"affiliate_id": "ada"}}
    deliver([cleo.event("charge.updated", marked, sale.paid_at + 60)])
    drain()
    assert ledger().balances == {}


def test_a_changed_charge_states_its_refunds(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = Customer(FIRST, Marks(payment="ada"))
    sale = cleo.buys(through_session=False)
    refund = cleo.is_refunded(sale, 1000)
    (charge,) = [event for event in refund.events if event["type"] == "charge.refunded"]
    deliver([*sale.events, charge | {"type": "charge.updated"}])
    drain()
    assert ledger().balances == owed(ada=780)


@pytest.mark.parametrize("ending", ["checkout.session.expired", "checkout.session.async_payment_failed"])
@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_no_event_waits_for_an_abandoned_session(
    meet: Meet,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    outcome_of: OutcomeOf,
    ending: str,
    order: tuple[int, ...],
) -> None:
    cleo = meet()
    sale = cleo.buys()
    completed = sale.event("checkout.session.completed")
    session = completed["data"]["object"] | {"payment_status": "unpaid"}
    completed["data"]["object"] = session
    ended = cleo.event(ending, session | {"status": "expired"}, sale.paid_at + 3600)
    for place in order:
        deliver([(completed, ended)[place]])
        drain()
    assert outcome_of(completed) == outcome_of(ended) == "no_change"
    assert ledger().payments == ()
    with db.transaction() as transaction:
        stored = transaction.scalars(select(StripeEvent).where(StripeEvent.stripe_id == completed["id"])).one()
        assert "it will not be paid" in sentence(stored.outcome, stored.outcome_details)


def test_delayed_payment_counts_when_it_succeeds(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(client_reference="ada")
    sale = cleo.buys()
    session = sale.event("checkout.session.completed")["data"]["object"]
    failed = cleo.event("checkout.session.async_payment_failed", session | {"payment_status": "unpaid"}, sale.paid_at)
    deliver([failed, *sale.events])
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_subscription_that_ends_takes_nothing_back(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    ended = first.event("customer.subscription.created")["data"]["object"] | {"status": "canceled"}
    deliver([*first.events, cleo.event("customer.subscription.deleted", ended, first.paid_at + 60)])
    drain()
    assert ledger().balances == owed(ada=980)
