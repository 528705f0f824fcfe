"""Webhook endpoints of every API version lead to the same ledger."""

from itertools import combinations

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import ACACIA, CLOVER, EVERY_SHAPE, FIRST, Family

from .conftest import Meet

TAXED = Bill(net_minor=4900, tax_minor=931)
OLDER_AND_NEWER = [pytest.param(*pair, id=" ".join(one.name for one in pair)) for pair in combinations(EVERY_SHAPE, 2)]


@pytest.mark.parametrize(("older", "newer"), OLDER_AND_NEWER)
@pytest.mark.parametrize("newer_first", [False, True])
def test_events_in_two_shapes_accrue_once(
    deliver: Deliver, drain: Drain, ledger: Ledger, older: Family, newer: Family, newer_first: bool
) -> None:
    old = Customer(older, Marks(subscription="ada"))
    new = Customer(newer, Marks(subscription="ada"), token=old.token)
    purchases = [old.subscribes(TAXED), new.subscribes(TAXED)]
    for purchase in reversed(purchases) if newer_first else purchases:
        deliver(purchase.events)
        drain()
    assert ledger().balances == owed(ada=980)
    assert len(ledger().payments) == 1


@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=lambda shape: shape.name)
def test_ledger_is_the_same_in_every_api_version(deliver: Deliver, drain: Drain, ledger: Ledger, shape: Family) -> None:
    """20 % of 49.00, of 24.50 and of 30.00; of the first, taxed, 10.00 of 58.31 came back: 980 - 168 = 812."""
    cleo = Customer(shape, Marks(subscription="ada", payment="ada"))
    first = cleo.subscribes(TAXED)
    renewal = cleo.renews(first, Bill(net_minor=2450, discount_minor=2450))
    refund = cleo.is_refunded(first, 1000)
    sale = cleo.buys(Bill(net_minor=3000))
    deliver([*first.events, *renewal.events, *refund.events, *sale.events])
    drain()
    assert ledger().balances == owed(ada=812 + 490 + 600)
    assert sorted(line.base_minor for line in ledger().payments) == [2450, 3000, 4900]


def test_one_event_in_two_versions_keeps_the_links_of_the_older_one(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    old = Customer(ACACIA, Marks(payment="ada"))
    new = Customer(CLOVER, Marks(payment="ada"), token=old.token)
    old_sale, new_sale = old.buys(invoiced=True), new.buys(invoiced=True)
    same_event = {**old_sale.event("invoice.paid"), "id": new_sale.event("invoice.paid")["id"]}
    deliver([new_sale.event("payment_intent.succeeded"), new_sale.event("invoice.paid"), same_event])
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]


def test_refunds_listed_in_their_charge_count_by_their_ids(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """Before 2022-11-15 `charge.refunded` lists them, and a failure of the second has an event with its id."""
    cleo = Customer(FIRST, Marks(subscription="ada"))
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    second = cleo.is_refunded(first, 900, before=[refund])
    deliver([*first.events, _named(second.events, "charge.refunded")])
    drain()
    assert ledger().balances == owed(ada=980 - 380)
    deliver([_named(second.failure, "charge.refund.updated")])
    drain()
    assert ledger().balances == owed(ada=780)


def test_an_old_invoice_names_the_partner_on_its_subscription_lines(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Invoices from before 2023-06-29 carry their subscription's metadata nowhere else."""
    first = Customer(FIRST, Marks(subscription="ada")).subscribes()
    deliver([first.event("invoice.paid")])
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_manual_invoice_without_a_parent_accrues_through_its_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = meet(invoice="ada").buys(TAXED, invoiced=True, through_session=False)
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_the_oldest_sessions_say_neither_mode_nor_status_nor_total(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = Customer(FIRST, Marks(client_reference="ada")).buys()
    session = sale.event("checkout.session.completed")["data"]["object"]
    for name in ("mode", "payment_status", "amount_total", "amount_subtotal", "currency", "total_details", "status"):
        del session[name]
    session["display_items"] = [{"amount": 4900, "currency": "usd", "quantity": 1, "type": "sku"}]
    deliver([sale.event("checkout.session.completed"), sale.event("payment_intent.succeeded")])
    drain()
    assert ledger().balances == owed(ada=980)


def _named(events: tuple[Event, ...], event_type: str) -> Event:
    (found,) = [event for event in events if event["type"] == event_type]
    return found
