"""Cleo pays one invoice twice: what is too much earned nobody anything, and is what goes back first."""

from dataclasses import replace
from itertools import chain

import pytest

from tests.books import owed
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


def _pays_twice(cleo: Customer, *, overpaid: str) -> tuple[Purchase, Purchase]:
    """One invoice and two payments of it; `overpaid`: told by the invoice, by its payments, or by another event."""
    first = cleo.subscribes(BILL)
    second = replace(first, payment_intent=cleo.ids.fresh("pi"), charge=cleo.ids.fresh("ch"))
    charge = documents.charge(cleo.family, second, livemode=False)
    link = invoices.invoice_payment(second, cleo.ids.fresh("inpay"), livemode=False)
    events = [
        cleo.event("charge.succeeded", charge, first.paid_at + 60),
        cleo.event("invoice_payment.paid", link, first.paid_at + 61),
    ]
    said = {"amount_paid": 2 * BILL.total_minor, "amount_overpaid": BILL.total_minor}
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
def test_what_goes_back_beyond_the_second_payment_takes_its_share(
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
    assert "58.31 USD more was paid than the invoice came to." in desk.explains(str(first.invoice))


def test_what_was_overpaid_and_given_back_outside_stripe_leaves_the_commission(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, second = _pays_twice(cleo, overpaid="by the invoice")
    note = CreditNote(cleo.ids.fresh("cn"), first, cleo.now, out_of_band_minor=BILL.total_minor)
    told = returns.credit_note(cleo.family, note, livemode=False)
    deliver([*first.events, *second.events, cleo.event("credit_note.created", told, cleo.now)])
    drain()
    assert ledger().balances == owed(ada=980)


def test_an_overpaid_invoice_told_by_that_event_alone_earns(
    deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first, _ = _pays_twice(cleo, overpaid="by the invoice")
    paid: Event = first.event("invoice.paid") | {"type": "invoice.overpaid"}
    deliver([paid])
    drain()
    assert (ledger().balances, outcome_of(paid)) == (owed(ada=980), "accrued")
