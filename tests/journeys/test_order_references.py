"""The invoice that a PaymentIntent was ordered by: a link, where nothing stronger says what it paid."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest

from tests.books import PaymentLine, owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import invoices
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks
from tests.stripe_stories.families import CLOVER, ENDIVE

from .copies import books_of, deliver_copies

TAXED = Bill(net_minor=4900, tax_minor=931)


def deliver_in_order(events: Iterable[Event], deliver: Deliver, drain: Drain) -> None:
    """Deliver events one by one, each settled before the next."""
    for event in events:
        deliver([event])
        drain()


def ordered_by(event: Event, reference: Any) -> Event:
    """The event of a PaymentIntent with this order reference."""
    event["data"]["object"]["payment_details"] = {"customer_reference": None, "order_reference": reference}
    return event


def test_without_any_invoice_payment_a_refund_finds_its_invoice_by_the_order_reference(
    deliver: Deliver, drain: Drain
) -> None:
    """4900 and 931 tax; 583.1 of each 10 came back: 20 % of 4900 is 980, less the same part. In all 24 orders."""
    copies = []
    for order in permutations(range(4)):
        cleo = Customer(ENDIVE, Marks(subscription="ada"))
        sale = cleo.subscribes(TAXED).only("charge.succeeded", "payment_intent.succeeded", "invoice.paid")
        events = [*sale.events, cleo.is_refunded(sale, 2916).events[0]]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    for found in books_of(copies):
        assert found.balances == owed(ada=980 - 490)
        assert found.payments == (PaymentLine("invoice", "usd", 5831, 4900, 2916, "adjusted"),)


def test_an_order_reference_never_overrides_an_invoice_payment(deliver: Deliver, drain: Drain) -> None:
    """Ordered by the first invoice, paid for the second: what comes back counts for the second. In all 120 orders."""
    copies = []
    for order in permutations(range(5)):
        cleo = Customer(CLOVER, Marks(subscription="ada"))
        first = cleo.subscribes(Bill(net_minor=4900))
        second = cleo.renews(first, Bill(net_minor=3000))
        events = [
            first.event("invoice.paid"),
            second.event("invoice.paid"),
            ordered_by(second.event("payment_intent.succeeded"), first.invoice),
            second.event("invoice_payment.paid"),
            cleo.is_refunded(second, 3000).events[0],
        ]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    for found in books_of(copies):
        assert found.balances == owed(ada=980)
        assert [(line.gross_minor, line.returned_minor) for line in found.payments] == [(3000, 3000), (4900, 0)]


def test_names_on_a_payment_count_for_the_invoice_it_paid_and_not_for_its_order_reference(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Ordered by a stranger's invoice, paid for another: its marker credits the one it paid. In all 120 orders."""
    copies = []
    for order in permutations(range(5)):
        cleo = Customer(CLOVER, Marks(payment="ben"))
        paid = cleo.buys(Bill(net_minor=4900), invoiced=True, through_session=False)
        stranger = Customer(CLOVER)
        other = stranger.buys(Bill(net_minor=4900), invoiced=True, through_session=False)
        events = [
            paid.event("invoice.paid"),
            ordered_by(paid.event("payment_intent.succeeded"), other.invoice),
            paid.event("invoice_payment.paid"),
            other.event("invoice.paid"),
            other.event("invoice_payment.paid"),
        ]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    assert ledger().balances == owed(ben=120 * 980)


@pytest.mark.parametrize("reference", ["in_store_7", "in_progress", "A-1001", "cus_1Cleo0000001", "", 7, {"id": None}])
def test_order_reference_that_is_no_invoice_id_is_ignored(
    deliver: Deliver, drain: Drain, ledger: Ledger, reference: Any
) -> None:
    """Two instalments of one order, one of them named Ada's."""
    cleo = Customer(CLOVER, Marks(payment="ada"))
    one = cleo.buys(through_session=False).event("payment_intent.succeeded")
    cleo.marks = Marks()
    other = cleo.buys(through_session=False).event("payment_intent.succeeded")
    deliver_in_order([ordered_by(one, reference), ordered_by(other, reference)], deliver, drain)
    assert ledger().balances == owed(ada=980)
    assert [line.outcome for line in ledger().payments] == ["accrued", "unattributed"]


def test_an_order_reference_makes_no_invoice_until_one_is_seen(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """The gross counts, as of any PaymentIntent; the invoice then tells the tax, and stays."""
    sale = Customer(ENDIVE, Marks(payment="ada")).buys(TAXED, invoiced=True, through_session=False)
    deliver_in_order([sale.event("payment_intent.succeeded")], deliver, drain)
    assert ledger().payments == (PaymentLine("pi", "usd", 5831, 5831, 0, "accrued"),)
    deliver_in_order([sale.event("invoice.paid")], deliver, drain)
    assert ledger().payments == (PaymentLine("invoice", "usd", 5831, 4900, 0, "accrued"),)
    assert ledger().balances == owed(ada=980)


def test_an_unmarked_payment_that_was_ordered_by_an_invoice_waits_for_it(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = Customer(ENDIVE, Marks(subscription="ada")).subscribes()
    deliver_in_order([first.event("payment_intent.succeeded")], deliver, drain)
    assert [(line.kind, line.outcome) for line in ledger().payments] == [("pi", "waiting")]


def test_a_payment_that_was_ordered_by_an_invoice_proves_that_it_came_through_stripe(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = Customer(ENDIVE, Marks(subscription="ada")).subscribes()
    paid = sale.event("invoice.paid")
    paid["data"]["object"]["attempted"] = False
    deliver_in_order([paid, sale.event("payment_intent.succeeded")], deliver, drain)
    assert ledger().balances == owed(ada=980)


def test_a_payment_record_beside_an_order_reference_says_what_was_paid_outside(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(ENDIVE, Marks(subscription="ada"))
    sale = cleo.subscribes(Bill(net_minor=10_000, part_outside_minor=6000))
    document = invoices.outside_payment(sale, "inpay_1Wired0001", livemode=False)
    wired = cleo.event("invoice_payment.paid", document, cleo.now)
    deliver_in_order([sale.event("payment_intent.succeeded"), sale.event("invoice.paid"), wired], deliver, drain)
    assert ledger().balances == owed(ada=800)
