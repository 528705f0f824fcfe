"""More was held on Cleo's card than the merchant took: what it let go was never paid, and is no refund."""

from itertools import permutations

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.captures import release_as_refund, takes_in_part, with_release
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Meet
from .desk import Desk

HALF = 2450


def _refunded(cleo: Customer, released_minor: int, amount_minor: int) -> list[Event]:
    """A sale of 24.50 of which so much more was held, and a later refund of part of it."""
    sale = takes_in_part(cleo, released_minor, Bill(net_minor=HALF))
    refund = cleo.is_refunded(sale, amount_minor)
    return [*sale.events, *with_release(refund.events, released_minor)]


def test_a_refund_as_large_as_what_was_released_is_a_refund_in_every_order(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    for number, order in enumerate(permutations(range(3))):
        events = _refunded(meet(payment="ada"), HALF, HALF)
        taken, back = [events[place] for place in order], events[3:]
        deliver([*taken, *back] if number % 2 else [*reversed(back), *taken])
    drain()
    assert ledger().balances == {}


@pytest.mark.parametrize("lacks", ["charge.captured", "payment_intent.succeeded", "refund.created", "charge.refunded"])
def test_any_one_of_the_events_may_be_missing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, lacks: str
) -> None:
    deliver(event for event in _refunded(meet(payment="ada"), HALF, 1225) if event["type"] != lacks)
    drain()
    assert ledger().balances == owed(ada=245)


@pytest.mark.parametrize("lacks", ["charge.captured", "payment_intent.succeeded", "charge.refunded"])
def test_a_refund_as_large_as_the_release_counts_without_any_one_of_the_other_events(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, lacks: str
) -> None:
    deliver(event for event in _refunded(meet(payment="ada"), HALF, HALF) if event["type"] != lacks)
    drain()
    assert ledger().balances == {}


@pytest.mark.parametrize("known_by", ["when captured", "by the sum alone"])
def test_a_release_reported_as_a_refund_takes_nothing_back(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, known_by: str
) -> None:
    """By the sum alone: no event has the time of the capture, only a later one says that the charge was captured."""
    cleo = meet(payment="ada")
    sale = takes_in_part(cleo, 1000, Bill(net_minor=HALF))
    release = release_as_refund(cleo, sale, 1000)
    back = with_release(cleo.is_refunded(sale, 490).events, 1000)
    capture = sale.events[1:] if known_by == "when captured" else ()
    deliver([release, sale.events[0], *capture])
    drain()
    assert ledger().balances == (owed(ada=490) if capture else {})
    deliver(back)
    drain()
    assert ledger().balances == owed(ada=392)


def test_a_refund_in_the_second_of_the_capture_counts_for_what_is_more_than_was_released(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER, Marks(payment="ada"))
    sale = takes_in_part(cleo, 1000, Bill(net_minor=HALF))
    deliver([*sale.events, release_as_refund(cleo, sale, 1000), release_as_refund(cleo, sale, 1225)])
    drain()
    assert ledger().balances == owed(ada=245)


def test_a_capture_that_comes_after_a_newer_statement_counts(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """`charge.updated` is newer and says nothing of the capture: it may not leave the older word, not captured."""
    cleo = meet(payment="ada")
    sale = takes_in_part(cleo, HALF, Bill(net_minor=HALF))
    held, captured, _paid = sale.events
    updated = cleo.event("charge.updated", captured["data"]["object"], cleo.now + 60)
    deliver([held, updated])
    drain()
    assert ledger().balances == {}
    deliver([captured])
    drain()
    assert ledger().balances == owed(ada=490)


def test_the_explanation_calls_a_release_a_release(deliver: Deliver, drain: Drain, desk: Desk) -> None:
    cleo = Customer(CLOVER, Marks(payment="ada"))
    sale = takes_in_part(cleo, 1000, Bill(net_minor=HALF))
    release = release_as_refund(cleo, sale, 1000)
    deliver([*sale.events, release, with_release(cleo.is_refunded(sale, 490).events, 1000)[1]])
    drain()
    explanation = desk.explains(str(sale.payment_intent))
    assert (
        f"Refund {release['data']['object']['id']} of 10.00 USD: succeeded, it releases what was authorized and not "
        "captured, so nothing was returned." in explanation
    )
    assert "In total, 4.90 USD of 24.50 USD was returned." in explanation
    assert "Of the refunds, 4.90 USD is known only from the charge's own sum." in explanation
