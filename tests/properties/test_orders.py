"""Every order of a story's events ends in the same ledger.

Hundreds of copies of one story, each with ids and an order of delivery of its own, share one database. They
are worked one event at a time, in batches cut anywhere, and by two drains whose commits are held at a barrier. The
books of every copy must be what the oracle computes from the facts. The suite takes a sample, `make proofs` all of it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, islice

import pytest

from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.families import FAMILIES, OLD_AND_NEW, Family

from .conftest import Compare
from .oracle import Returned, expected_books
from .orders import Copy, every_order, shuffled, with_duplicates
from .ways import FAST_WAYS, WAYS, Way

pytestmark = pytest.mark.proof

SAMPLED_ORDERS = 6
WHOLE_STORIES = 60
AT_A_TIME = 1_000
TAXED = Bill(net_minor=4900, tax_minor=931)
AGREEING = Marks(subscription="ada")
CONTRADICTING = Marks(session="ada", subscription="ben", customer="dan")
MANY_MARKS = (
    Marks(),
    Marks(subscription="ada"),
    Marks(payment="ada"),
    Marks(payment="ben", session="ada"),
    Marks(subscription="ben", session="ada"),
    Marks(invoice="dan", client_reference="ben"),
    Marks(client_reference="ben"),
)
DAY_SECONDS = 86_400

EVERY_FAST_WAY = pytest.mark.parametrize("way", FAST_WAYS, ids=lambda way: way.name)
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
EVERY_SHAPE = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
OLD_AND_NEW_SHAPE = pytest.mark.parametrize("family", OLD_AND_NEW, ids=lambda family: family.name)


@pytest.fixture
def is_full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--proofs"))


def _compare_every_order(
    story: Callable[[], Copy], compare: Compare, way: Way, chance: random.Random, *, is_full: bool
) -> None:
    """Every other order with duplicates in between; so many at a time as fit into memory."""
    orders = every_order(len(story().events), at_most=None if is_full else SAMPLED_ORDERS, chance=chance)
    while some := list(islice(orders, AT_A_TIME)):
        copies = []
        for number, order in enumerate(some):
            copy = story()
            events = [copy.events[place] for place in order]
            arriving = with_duplicates(events, chance) if number % 2 else tuple(events)
            copies.append(Copy(copy.token, arriving, copy.expected))
        compare(copies, way)


@EVERY_FAST_WAY
@EVERY_SHAPE
def test_every_order_of_a_first_payment_and_a_refund_ends_in_the_same_books(
    family: Family, way: Way, compare: Compare, chance: random.Random, is_full: bool
) -> None:
    """Seven events, 5,040 orders."""

    def story() -> Copy:
        cleo = Customer(family, AGREEING)
        first = cleo.subscribes(TAXED)
        types = (
            "checkout.session.completed",
            "customer.subscription.created",
            "invoice.paid",
            "invoice.payment_succeeded" if family.names_links else "invoice_payment.paid",
            "charge.succeeded",
            "payment_intent.succeeded",
        )
        returned = cleo.is_refunded(first, 1000).events[0]
        books = expected_books([first], [Returned(first, 1000)])
        return Copy(cleo.token, (*first.only(*types).events, returned), books)

    _compare_every_order(story, compare, way, chance, is_full=is_full)


@EVERY_FAST_WAY
@EVERY_SHAPE
def test_every_order_of_an_invoiced_one_time_sale_and_a_refund_accrues_once_on_the_net(
    family: Family, way: Way, compare: Compare, chance: random.Random, is_full: bool
) -> None:
    """Six events, 720 orders: the PaymentIntent's payment becomes the invoice's, with what came back."""

    def story() -> Copy:
        cleo = Customer(family, Marks(payment="ada"))
        sale = cleo.buys(TAXED, invoiced=True)
        chosen = sale if family.names_links else sale.without("invoice.payment_succeeded")
        returned = cleo.is_refunded(sale, 1000).events[0]
        return Copy(cleo.token, (*chosen.events, returned), expected_books([sale], [Returned(sale, 1000)]))

    _compare_every_order(story, compare, way, chance, is_full=is_full)


@EVERY_WAY
@OLD_AND_NEW_SHAPE
@pytest.mark.parametrize("snapshot", [True, False], ids=["snapshot", "no_snapshot"])
def test_every_order_of_contradicting_carriers_credits_the_same_partner(
    family: Family, way: Way, snapshot: bool, compare: Compare, chance: random.Random, is_full: bool
) -> None:
    def story() -> Copy:
        cleo = Customer(family, CONTRADICTING)
        appeared = cleo.appears()
        first = cleo.subscribes(TAXED, snapshot=snapshot)
        types = ("checkout.session.completed", "customer.subscription.created", "invoice.paid", "charge.succeeded")
        return Copy(cleo.token, (appeared, *first.only(*types).events), expected_books([first]))

    _compare_every_order(story, compare, way, chance, is_full=is_full)


@EVERY_WAY
@OLD_AND_NEW_SHAPE
def test_every_order_of_an_invoiced_sale_without_a_session_accrues_once_on_the_net(
    family: Family, way: Way, compare: Compare, chance: random.Random, is_full: bool
) -> None:
    def story() -> Copy:
        cleo = Customer(family, Marks(payment="ada"))
        sale = cleo.buys(TAXED, invoiced=True, through_session=False).without("invoice.payment_succeeded")
        return Copy(cleo.token, sale.events, expected_books([sale]))

    _compare_every_order(story, compare, way, chance, is_full=is_full)


@EVERY_WAY
@OLD_AND_NEW_SHAPE
@pytest.mark.parametrize("marks", [AGREEING, CONTRADICTING], ids=["agreeing", "contradicting"])
def test_shuffled_whole_stories_end_in_the_same_books(
    family: Family, way: Way, marks: Marks, compare: Compare, chance: random.Random, is_full: bool
) -> None:
    """Checkout, two renewals, two partial refunds, and one that fails at the bank."""

    def story() -> Copy:
        cleo = Customer(family, marks)
        appeared = cleo.appears()
        first = cleo.subscribes(TAXED)
        second, third = cleo.renews(first), cleo.renews(first)
        once = cleo.is_refunded(first, 1000)
        twice = cleo.is_refunded(second, 777, pending=True)
        never = cleo.is_refunded(third, 5000)
        acts = (first, second, third, once, twice, never)
        events = [appeared, *chain.from_iterable(act.events for act in acts), *never.failure]
        returned = [Returned(first, 1000), Returned(second, 777)]
        books = expected_books([first, second, third], returned)
        return Copy(cleo.token, with_duplicates(shuffled(events, chance), chance), books)

    compare([story() for _ in range(WHOLE_STORIES if is_full else SAMPLED_ORDERS)], way)


@EVERY_WAY
@OLD_AND_NEW_SHAPE
@pytest.mark.parametrize("customer_mark", [None, "dan"], ids=["unmarked_customer", "marked_customer"])
def test_shuffled_purchases_of_one_customer_are_credited_by_their_time(
    family: Family, way: Way, customer_mark: str | None, compare: Compare, chance: random.Random, is_full: bool
) -> None:
    """Subscriptions, renewals and single sales, each naming another partner or none, further apart than the window."""

    def story() -> Copy:
        cleo = Customer(family, Marks(customer=customer_mark))
        appeared = cleo.appears()
        purchases: list[Purchase] = []
        for _ in range(chance.randint(2, 5)):
            cleo.marks = replace(chance.choice(MANY_MARKS), customer=customer_mark)
            purchases.append(_any_purchase(cleo, purchases, chance))
            cleo.waits(40 * DAY_SECONDS)
        events = [appeared, *chain.from_iterable(purchase.events for purchase in purchases)]
        return Copy(cleo.token, shuffled(events, chance), expected_books(purchases))

    compare([story() for _ in range(WHOLE_STORIES if is_full else SAMPLED_ORDERS)], way, alike=False)


def _any_purchase(cleo: Customer, before: Sequence[Purchase], chance: random.Random) -> Purchase:
    subscribed = [purchase for purchase in before if purchase.subscription]
    match chance.choice(["subscribe", "renew", "buy", "buy with invoice"]):
        case "renew" if subscribed:
            return cleo.renews(chance.choice(subscribed))
        case "buy":
            return cleo.buys(TAXED)
        case "buy with invoice":
            return cleo.buys(TAXED, invoiced=True)
        case _:
            return cleo.subscribes(TAXED)
