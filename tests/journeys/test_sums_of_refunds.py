"""A charge's own sum of its refunds beside the refunds known by their ids: each may lack what the other knows."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Meet


def _sum_in(events: Iterable[Event]) -> Event:
    (found,) = [event for event in events if event["type"] == "charge.refunded"]
    listed = found["data"]["object"].get("refunds", {"data": ()})
    return found if not listed["data"] else _without_list(found)


def _without_list(event: Event) -> Event:
    """The sum alone: as if the document's page of refunds had been left empty."""
    page = {"object": "list", "data": [], "has_more": True, "total_count": 2}
    return {**event, "data": {"object": event["data"]["object"] | {"refunds": page}}}


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("known", [0, 1])
def test_a_refund_without_its_own_event_counts_by_the_charges_sum(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, known: int, is_reversed: bool
) -> None:
    """Of 12.00 and 7.50 one is known by its id; the charge says 19.50 of 49.00."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    once = cleo.is_refunded(first, 1200)
    twice = cleo.is_refunded(first, 750, before=[once])
    events = [*first.events, _sum_in(once.events), (once, twice)[known].events[0], _sum_in(twice.events)]
    deliver(reversed(events) if is_reversed else events)
    drain()
    assert ledger().balances == owed(ada=590)


def test_a_refund_that_is_newer_than_the_sum_is_added_to_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    once = cleo.is_refunded(first, 1000)
    twice = cleo.is_refunded(first, 1450, before=[once])
    deliver([twice.events[0], _sum_in(once.events), *first.events])
    drain()
    assert ledger().balances == owed(ada=490)


@pytest.mark.parametrize("failure", [0, 1])
def test_a_refund_that_bounced_is_taken_off_the_sum_that_contains_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, failure: int
) -> None:
    """Two refunds stand in the sum, one known by it alone; the other fails a day later."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes(Bill(net_minor=10_000))
    once = cleo.is_refunded(first, 5_000)
    twice = cleo.is_refunded(first, 2_000, before=[once])
    deliver([twice.failure[failure], *first.events, _sum_in(twice.events)])
    drain()
    assert ledger().balances == owed(ada=1000)


def test_a_sum_stated_after_a_refund_failed_no_longer_contains_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """A later event repeats that the refund failed; the time of the first one counts."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes(Bill(net_minor=10_000))
    once = cleo.is_refunded(first, 5_000)
    cleo.waits(2 * 86_400)
    twice = cleo.is_refunded(first, 2_000)
    again = {**once.failure[0], "id": cleo.ids.fresh("evt"), "created": cleo.now + 86_400}
    deliver([again, _sum_in(twice.events), once.failure[1], *first.events])
    drain()
    assert ledger().balances == owed(ada=1600)


def test_the_newest_sum_is_believed_also_where_it_is_the_smaller_one(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    before = _sum_in(cleo.is_refunded(first, 2450).events)
    after = _sum_in(cleo.is_refunded(first, 490).events)
    updated = {**after, "type": "charge.updated"}
    deliver([updated, before, *first.events])
    drain()
    assert ledger().balances == owed(ada=882)


def test_a_sum_of_refunds_is_divided_over_the_invoices_that_its_charge_paid(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """One charge of 98.00 paid two invoices; 49.00 of it went back, and no refund is known by its id."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    second = cleo.renews(first).only("invoice.paid", "invoice_payment.paid")
    second.event("invoice_payment.paid")["data"]["object"]["payment"]["payment_intent"] = first.payment_intent
    whole = replace(first, bill=Bill(net_minor=9800))
    events = _sum_in(cleo.is_refunded(whole, 4900).events)
    deliver([events, *first.without("charge.succeeded", "payment_intent.succeeded").events, *second.events])
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.reversed_minor for line in ledger().commissions] == [490, 490]
