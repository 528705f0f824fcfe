"""Cleo buys once: through a checkout session, a Payment Link, or a PaymentIntent of the merchant's own."""

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Meet, OutcomeOf

TAXED = Bill(net_minor=4900, tax_minor=931)


def test_a_marked_payment_accrues(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    deliver(meet(payment="ada").buys(through_session=False).events)
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["pi"]


@pytest.mark.parametrize("carrier", ["session", "client_reference"])
def test_a_payment_is_credited_through_its_checkout_session(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, carrier: str
) -> None:
    deliver(meet(**{carrier: "ada"}).buys(TAXED).events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_session_takes_the_tax_out_of_a_payment_that_came_before_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = meet(payment="ada").buys(TAXED)
    deliver(sale.without("checkout.session.completed").events)
    drain()
    assert ledger().balances == owed(ada=1166)
    deliver([sale.event("checkout.session.completed")])
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_charge_without_a_mark_is_not_credited_through_its_customer(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(customer="ada")
    deliver([cleo.appears(), *cleo.buys(through_session=False).events])
    drain()
    assert ledger().balances == {}


@pytest.mark.parametrize(
    "order",
    [
        ("payment_intent.succeeded", "invoice.paid", "invoice_payment.paid"),
        ("invoice.paid", "payment_intent.succeeded", "invoice_payment.paid"),
        ("invoice_payment.paid", "invoice.paid", "payment_intent.succeeded"),
        ("payment_intent.succeeded", "invoice.paid", "checkout.session.completed"),
        ("checkout.session.completed", "charge.succeeded", "invoice.paid", "payment_intent.succeeded"),
    ],
    ids=" ".join,
)
def test_an_invoice_made_for_a_marked_payment_takes_its_place_on_the_net_amount(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, order: tuple[str, ...]
) -> None:
    sale = meet(payment="ada").buys(TAXED, invoiced=True)
    sent = {event["type"] for event in sale.events}
    for event_type in order:
        deliver([sale.event(event_type)] if event_type in sent else [])
        drain()
    assert ledger().balances == owed(ada=980)
    assert [(line.kind, line.base_minor) for line in ledger().payments] == [("invoice", 4900)]


def test_a_payment_merged_away_leaves_one_live_commission(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = meet(payment="ada").buys(TAXED, invoiced=True)
    for event in sale.events:
        deliver([event])
        drain()
    assert [(line.partner, line.amount_minor) for line in ledger().commissions] == [("ada", 980)]


def test_a_refund_follows_the_payment_into_its_invoice(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(payment="ada")
    sale = cleo.buys(TAXED, invoiced=True)
    refund = cleo.is_refunded(sale, 5831)
    for event in (*refund.events, *sale.events):
        deliver([event])
        drain()
    assert ledger().balances == {}


@pytest.mark.parametrize("charge_first", [True, False])
def test_an_unmarked_charge_of_a_customer_who_has_an_invoice_waits_to_be_linked_to_it(
    deliver: Deliver, drain: Drain, ledger: Ledger, charge_first: bool
) -> None:
    first = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    events = [first.event("charge.succeeded"), first.event("invoice.paid")]
    for event in events if charge_first else reversed(events):
        deliver([event])
        drain()
    assert [(line.kind, line.outcome) for line in ledger().payments] == [("invoice", "accrued"), ("pi", "waiting")]


def test_session_stops_waiting_when_its_delayed_payment_arrives(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    sale = meet(payment="ada").buys()
    completed = sale.event("checkout.session.completed")
    completed["data"]["object"]["payment_status"] = "unpaid"
    deliver([completed])
    drain()
    assert outcome_of(completed) == "waiting"
    deliver([sale.event("payment_intent.succeeded")])
    drain()
    assert ledger().balances == owed(ada=980)
    assert outcome_of(completed) != "waiting"
