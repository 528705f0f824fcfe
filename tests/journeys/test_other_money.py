"""Money in other currencies, in part, from outside Stripe, or less than nothing."""

from copy import deepcopy
from typing import Any

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER, FIRST

from .conftest import Explained, Meet


@pytest.mark.parametrize(
    ("currency", "net_minor", "tax_minor", "commission_minor"),
    [("jpy", 4901, 490, 980), ("kwd", 15_125, 757, 3025), ("isk", 490_000, 0, 98_000)],
)
def test_a_commission_stays_in_the_payments_currency_and_smallest_unit(
    meet: Meet,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    currency: str,
    net_minor: int,
    tax_minor: int,
    commission_minor: int,
) -> None:
    bill = Bill(net_minor=net_minor, tax_minor=tax_minor, currency=currency)
    deliver(meet(subscription="ada").subscribes(bill).events)
    drain()
    assert ledger().balances == owed(currency, ada=commission_minor)


@pytest.mark.parametrize(("currency", "said"), [("jpy", "980 JPY"), ("kwd", "0.980 KWD"), ("usd", "9.80 USD")])
def test_people_read_an_amount_with_the_decimals_of_its_currency(
    deliver: Deliver, drain: Drain, explained: Explained, currency: str, said: str
) -> None:
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes(Bill(currency=currency))
    deliver(sale.events)
    drain()
    assert f"ada has {said} accrued on it." in explained(sale.invoice)["summary"]


def changed(sale: Purchase, kind: str, **fields: Any) -> list[Event]:
    """The events of `sale` with these fields of all its objects of one kind changed."""
    events = deepcopy(list(sale.events))
    for event in events:
        if event["data"]["object"]["object"] == kind:
            event["data"]["object"] |= fields
    return events


@pytest.mark.parametrize("total_minor", [-1500, 0])
def test_an_invoice_over_nothing_or_less_earns_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, total_minor: int
) -> None:
    """A downgrade whose credit outweighs the new price: the rest goes to the customer's balance."""
    sale = meet(subscription="ada").subscribes(Bill(net_minor=0))
    amounts = {"total": total_minor, "subtotal": total_minor, "amount_paid": 0, "amount_due": 0}
    deliver(changed(sale, "invoice", **amounts, total_excluding_tax=total_minor))
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["zero_base"]


def test_old_debt_paid_with_an_invoice_is_no_base(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    sale = meet(subscription="ada").subscribes()
    deliver(changed(sale, "invoice", amount_due=6900, amount_paid=6900, starting_balance=2000))
    drain()
    assert ledger().balances == owed(ada=980)


def test_an_invoice_paid_in_part_counts_for_that_part_and_then_for_the_rest(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """10000 net and 2000 tax: 6000 of 12000 is a base of 5000; then all of it."""
    sale = meet(subscription="ada").subscribes(Bill(net_minor=10_000, tax_minor=2000))
    transitions = {"finalized_at": sale.paid_at - 1, "paid_at": None}
    part = sale.only("invoice.payment_succeeded")
    open_still = {"status": "open", "amount_paid": 6000, "amount_remaining": 6000, "paid": False}
    (first,) = changed(part, "invoice", **open_still, status_transitions=transitions)
    first |= {"id": f"{first['id']}part", "created": sale.paid_at - 60}
    deliver([first])
    drain()
    assert ledger().balances == owed(ada=1000)
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ada=2000)


def test_a_credit_note_before_the_payment_is_missing_from_what_was_paid_and_counts_once(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """10000 invoiced, 4000 credited before it was paid."""
    sale = meet(subscription="ada").subscribes(Bill(net_minor=10_000))
    amounts = {"amount_due": 6000, "amount_paid": 6000, "pre_payment_credit_notes_amount": 4000}
    deliver(changed(sale, "invoice", **amounts))
    drain()
    assert ledger().balances == owed(ada=1200)


@pytest.mark.parametrize("paid", [{"status": "paid"}, {"paid": True, "status": "draft"}, {"paid": True}])
def test_a_paid_invoice_that_does_not_say_how_much_was_paid_was_paid_what_was_due(
    deliver: Deliver, drain: Drain, ledger: Ledger, paid: dict[str, Any]
) -> None:
    """Before 2018 no field said it. 10000 less 4000 from the balance: 10000 x 6000 / 10000."""
    bill = Bill(net_minor=10_000, balance_minor=4000)
    (event,) = Customer(FIRST, Marks(subscription="ada")).subscribes(bill).only("invoice.payment_succeeded").events
    for name in ("amount_paid", "amount_remaining", "paid", "paid_out_of_band", "status"):
        del event["data"]["object"][name]
    event["data"]["object"] |= paid
    deliver([event])
    drain()
    assert ledger().balances == owed(ada=1200)


def test_only_the_captured_part_counts(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """5000 held, 3000 taken; Stripe books the other 2000 as refunded, which takes nothing back."""
    sale = meet(payment="ada").buys(Bill(net_minor=5000), through_session=False)
    for event in (events := deepcopy(list(sale.events))):
        taken = {"amount_received": 3000} if event["data"]["object"]["object"] == "payment_intent" else {}
        event["data"]["object"] |= taken or {"amount_captured": 3000, "amount_refunded": 2000}
    deliver(events)
    drain()
    assert ledger().balances == owed(ada=600)


@pytest.mark.parametrize("session_first", [False, True])
def test_a_session_in_the_customers_currency_gives_the_ratio_and_the_payment_the_money(
    deliver: Deliver, drain: Drain, ledger: Ledger, session_first: bool
) -> None:
    """EUR 41.60 shown, 6.64 of it tax; USD 45.00 received: 4500 x 3496 / 4160 = 3781.7 is 37.82, and 20 % is 7.56."""
    sale = Customer(CLOVER, Marks(payment="ada")).buys(Bill(net_minor=4500))
    conversion = {"amount_subtotal": 4500, "amount_total": 4500, "fx_rate": "0.9244", "source_currency": "usd"}
    shown = {"currency": "eur", "amount_total": 4160, "currency_conversion": conversion}
    shown["total_details"] = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 664}
    events = changed(sale, "checkout.session", **shown)
    for event in reversed(events) if session_first else events:
        deliver([event])
        drain()
    assert ledger().balances == owed(ada=756)
    assert [(line.currency, line.gross_minor, line.base_minor) for line in ledger().payments] == [("usd", 4500, 3782)]


def test_the_amount_shown_to_the_customer_is_explained_and_not_computed_with(
    deliver: Deliver, drain: Drain, ledger: Ledger, explained: Explained
) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys()
    details = {"presentment_amount": 4530, "presentment_currency": "eur"}
    deliver(changed(sale, "checkout.session", presentment_details=details))
    drain()
    assert ledger().balances == owed(ada=980)
    assert "The customer was shown 45.30 EUR." in explained(sale.payment_intent)["sentences"]
