"""An invoice is paid twice: the overpayment earns nothing and is returned first."""

from dataclasses import replace
from itertools import chain

import pytest

from tests import cast
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import documents, invoices, returns
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER, ENDIVE
from tests.stripe_stories.returns import CreditNote
from tests.stripe_stories.troubles import DisputeStory

from .conftest import OutcomeOf
from .desk import Desk

BILL = Bill(net_minor=4900, tax_minor=931)


def _pays_twice(cleo: Customer, *, overpaid: str, bill: Bill = BILL) -> tuple[Purchase, Purchase]:
    """One invoice and two payments of it; `overpaid`: stated by the invoice, by its payments, or by another event."""
    first = cleo.subscribes(bill)
    second = replace(first, payment_intent=cleo.ids.fresh("pi"), charge=cleo.ids.fresh("ch"))
    charge = documents.charge(cleo.family, second, livemode=False)
    link = invoices.invoice_payment(second, cleo.ids.fresh("inpay"), livemode=False)
    events = [
        cleo.event("charge.succeeded", charge, first.paid_at + 60),
        cleo.event("invoice_payment.paid", link, first.paid_at + 61),
    ]
    said = {"amount_paid": 2 * bill.charged_minor, "amount_overpaid": bill.charged_minor}
    if overpaid == "by the invoice":
        for event in first.events:
            if event["data"]["object"]["object"] == "invoice":
                event["data"]["object"] |= said
    if overpaid == "by its own event":
        events = [events[0]]
        paid = first.event("invoice.paid")["data"]["object"] | said
        events.append(cleo.event("invoice.overpaid", paid, first.paid_at + 61))
        events.append(cleo.event("invoice_payment.paid", link | {"amount_paid": 0}, first.paid_at + 61))
    return first, replace(second, events=tuple(events))


EVERY_WAY = pytest.mark.parametrize("overpaid", ["by the invoice", "by its payments", "by its own event"])


@EVERY_WAY
@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_second_payment_refunded_leaves_the_commission(
    deliver: Deliver, drain: Drain, ledger: Ledger, overpaid: str, is_reversed: bool
) -> None:
    cleo = Customer(ENDIVE, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid=overpaid)
    events = [*first.events, *second.events, *cleo.is_refunded(second, BILL.total_minor).events]
    deliver(reversed(events) if is_reversed else events)
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize(("more_minor", "left"), [(583, 882), (BILL.total_minor, 0)])
def test_refund_beyond_the_overpaid_amount_reverses_its_share(
    deliver: Deliver, drain: Drain, ledger: Ledger, more_minor: int, left: int
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid="by the invoice")
    back = [cleo.is_refunded(second, BILL.total_minor), cleo.is_refunded(first, more_minor)]
    deliver([*chain.from_iterable(refund.events for refund in back), *first.events, *second.events])
    drain()
    assert ledger().balances == owed(ada=left)


def test_a_lost_dispute_of_one_of_two_payments_leaves_the_commission(
    deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid="by the invoice")
    dispute = DisputeStory(cleo, first)
    deliver([*first.events, *second.events, dispute.opens(), dispute.takes_the_money(), dispute.closes("lost")])
    drain()
    assert ledger().balances == owed(ada=980)
    assert "58.31 USD more was paid than was due on the invoice." in desk.explains(str(first.invoice))


def test_returning_an_overpaid_amount_outside_stripe_keeps_the_commission(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid="by the invoice")
    note = CreditNote(cleo.ids.fresh("cn"), first, cleo.now, out_of_band_minor=BILL.total_minor)
    events = returns.credit_note(cleo.family, note, livemode=False)
    deliver([*first.events, *second.events, cleo.event("credit_note.created", events, cleo.now)])
    drain()
    assert ledger().balances == owed(ada=980)


@EVERY_WAY
@pytest.mark.parametrize("is_refunded", [False, True])
def test_paid_twice_and_in_part_from_balance_only_what_was_due_earns(
    deliver: Deliver, drain: Drain, ledger: Ledger, overpaid: str, is_refunded: bool
) -> None:
    """Of 100.00, 40.00 came from balance: two payments of 60.00 are a base of 60.00."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid=overpaid, bill=Bill(net_minor=10_000, balance_minor=4000))
    deliver([*first.events, *second.events])
    if is_refunded:
        deliver(cleo.is_refunded(second, 6000).events)
    drain()
    assert ledger().balances == owed(ada=1200)


def test_a_payment_refunded_and_lost_in_a_dispute_is_no_money_of_the_other(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid="by its payments")
    dispute = DisputeStory(cleo, second)
    back = [*cleo.is_refunded(second, BILL.total_minor).events, dispute.takes_the_money(), dispute.closes("lost")]
    deliver([*back, *first.events, *second.events])
    drain()
    assert ledger().balances == owed(ada=980)


def test_second_payment_known_only_by_order_reference_is_overpaid(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(ENDIVE, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid="by its payments")
    intent = documents.payment_intent(cleo.family, second, livemode=False)
    events = [
        *second.only("charge.succeeded").events,
        cleo.event("payment_intent.succeeded", intent, second.paid_at),
    ]
    deliver([*first.events, *events, *cleo.is_refunded(second, BILL.total_minor).events])
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("overpaid", ["by the invoice", "by its payments"])
@pytest.mark.parametrize(("counts_outside", "left"), [(False, 0), (True, 980)])
def test_paid_by_card_and_by_wire_a_refund_of_the_card_leaves_what_the_wire_earns(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, counts_outside: bool, left: int, overpaid: str
) -> None:
    """Where only money through Stripe counts, none is left; where the wire counts, the card paid too much."""
    if counts_outside:
        cast.count_outside_money(merchant)
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid=overpaid)
    wire = second.event("invoice_payment.paid")
    wire["data"]["object"]["payment"] = {"payment_record": "prec_1", "type": "payment_record"}
    deliver([*first.events, wire])
    drain()
    assert ledger().balances == owed(ada=980)
    deliver(cleo.is_refunded(first, BILL.total_minor).events)
    drain()
    assert ledger().balances == owed(ada=left)


@pytest.mark.parametrize(("counts_outside", "before"), [(False, 800), (True, 2000)])
def test_money_paid_and_returned_outside_stripe_leaves_the_commission_of_the_card(
    merchant: Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, counts_outside: bool, before: int
) -> None:
    """Of 100.00, 60.00 by wire: a credit note sends the wire back."""
    if counts_outside:
        cast.count_outside_money(merchant)
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    sale = cleo.subscribes(Bill(net_minor=10_000, part_outside_minor=6000))
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=before)
    note = CreditNote(cleo.ids.fresh("cn"), sale, cleo.now, out_of_band_minor=6000)
    deliver([cleo.event("credit_note.created", returns.credit_note(cleo.family, note, livemode=False), cleo.now)])
    drain()
    assert ledger().balances == owed(ada=800)


def test_an_invoice_known_only_by_its_overpaid_event_earns(
    deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, _ = _pays_twice(cleo, overpaid="by the invoice")
    paid: Event = first.event("invoice.paid") | {"type": "invoice.overpaid"}
    deliver([paid])
    drain()
    assert (ledger().balances, outcome_of(paid)) == (owed(ada=980), "accrued")
