"""Codes stand in many places; one partner is credited, and it is the same one whatever came first."""

from itertools import pairwise, permutations

import pytest
from sqlalchemy import text

from app import db
from app.partners import enrollment
from app.partners.models import Partner
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.copies import books_of, deliver_copies
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import UNMARKED, Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .conftest import Meet, OutcomeOf

CARRIERS = ("invoice", "subscription", "session", "client_reference", "customer")
"""Strongest first."""
DAY_SECONDS = 86_400


@pytest.mark.parametrize("carrier", CARRIERS)
def test_each_carrier_credits_a_subscription_by_itself(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, carrier: str
) -> None:
    cleo = meet(**{carrier: "ada"})
    appeared = cleo.appears()
    first = cleo.subscribes()
    deliver([appeared, *first.events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(ada=1960)


@pytest.mark.parametrize(("stronger", "weaker"), list(pairwise(CARRIERS)))
def test_stronger_of_two_carriers_is_credited(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, stronger: str, weaker: str
) -> None:
    cleo = meet(**{stronger: "ada", weaker: "ben"})
    appeared = cleo.appears()
    first = cleo.subscribes()
    for event in reversed([appeared, *first.events]):
        deliver([event])
        drain()
    assert ledger().balances == owed(ada=980)


def test_renewal_stays_with_the_partner_of_the_first_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    renewal = cleo.renews(first)
    for event in renewal.events:
        if event["type"].startswith("invoice."):
            event["data"]["object"]["metadata"] = {"affiliate_id": "ben"}
    deliver([*first.events, *renewal.events])
    drain()
    assert ledger().balances == owed(ada=1960)


def test_the_first_mark_of_a_customer_is_kept(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(customer="ada")
    appeared, marked_again = cleo.appears(), cleo.is_marked_again("ben")
    first = cleo.subscribes()
    deliver([marked_again, *first.events])
    drain()
    assert ledger().balances == owed(ben=980)
    deliver([appeared])
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_mark_that_comes_after_the_payment_credits_it_all_the_same(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(client_reference="ada")
    first = cleo.subscribes()
    deliver(first.without("checkout.session.completed").events)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["unattributed"]
    deliver([first.event("checkout.session.completed")])
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("second", [UNMARKED, Marks(subscription="ben")], ids=["unmarked", "marked"])
def test_a_second_subscription_follows_the_customers_first(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, second: Marks
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    cleo.marks = second
    deliver(first.events + cleo.subscribes().events)
    drain()
    assert ledger().balances == owed(ada=1960)


def test_an_earlier_payment_that_comes_late_decides_for_the_customer(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    cleo.marks = Marks(subscription="ben")
    second = cleo.subscribes()
    deliver(second.events)
    drain()
    assert ledger().balances == owed(ben=980)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=1960)


def test_repeated_name_is_not_new(meet: Meet, deliver: Deliver, drain: Drain, outcome_of: OutcomeOf) -> None:
    cleo = meet(customer="ada")
    appeared, named_again = cleo.appears(), cleo.is_marked_again("ada")
    for event in (appeared, named_again):
        deliver([event])
        drain()
    assert (outcome_of(appeared), outcome_of(named_again)) == ("bound", "no_change")


def test_a_pause_takes_nothing_from_money_that_turns_out_to_have_paid_an_invoice(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Earned as a PaymentIntent; the invoice comes after the pause, and then the link between the two."""
    sale = Customer(CLOVER, Marks(payment="ada")).buys(invoiced=True, through_session=False)
    deliver([sale.event("payment_intent.succeeded")])
    drain()
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners["ada"]), "paused")
    for event_type in ("invoice.paid", "invoice_payment.paid"):
        deliver([sale.event(event_type)])
        drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]


def _two_of_one_second() -> tuple[Purchase, Purchase, list[Event]]:
    """Two first payments of one second whose marks stand on the subscriptions alone, and the events of these."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes(snapshot=False)
    cleo.now = first.paid_at - 180
    cleo.marks = Marks(subscription="ben")
    second = cleo.subscribes(snapshot=False)
    return first, second, [sale.event("customer.subscription.created") for sale in (first, second)]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_payment_that_binds_among_two_of_one_second_is_the_same_in_both_orders(
    deliver: Deliver, drain: Drain, ledger: Ledger, is_reversed: bool
) -> None:
    first, second, marks = _two_of_one_second()
    paid = [sale.event("invoice.paid") for sale in (first, second)]
    for event in [*marks, *(reversed(paid) if is_reversed else paid)]:
        deliver([event])
        drain()
    assert ledger().balances == owed(ada=1960)


def test_a_delayed_payment_binds_when_it_was_paid_and_not_when_its_session_ended(
    deliver: Deliver, drain: Drain
) -> None:
    """In all 24 orders."""
    copies = []
    for order in permutations(range(4)):
        cleo = Customer(CLOVER, Marks(client_reference="ada"))
        delayed = cleo.subscribes()
        completed = delayed.event("checkout.session.completed")
        completed["created"] -= 7 * DAY_SECONDS
        cleo.now = delayed.paid_at - 2 * DAY_SECONDS
        cleo.marks = Marks(subscription="ben")
        sooner = cleo.subscribes(snapshot=False)
        marked = sooner.event("customer.subscription.created")
        events = [completed, marked, sooner.event("invoice.paid"), delayed.event("invoice.paid")]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    assert all(copy.balances == owed(ben=1960) for copy in books_of(copies))


ROWS_OF = ("checkout.session.completed", "customer.subscription.created", "invoice.paid", "customer.created")


def test_the_attributions_in_force_do_not_depend_on_the_order(deliver: Deliver, drain: Drain) -> None:
    """In all 24 orders."""
    copies, expected = [], set()
    for order in permutations(ROWS_OF):
        cleo = Customer(CLOVER, Marks(subscription="ada", session="ben", customer="dan"))
        appeared, first = cleo.appears(), cleo.subscribes()
        copies.append([[appeared if one == "customer.created" else first.event(one)] for one in order])
        expected.add((cleo.id, "subscription_metadata"))
    deliver_copies(copies, deliver, drain)
    with db.transaction() as session:
        in_force = text("SELECT subject, carrier FROM attributions WHERE superseded_at IS NULL")
        found = [tuple(row) for row in session.execute(in_force)]
    assert (set(found), len(found)) == (expected, len(expected))
