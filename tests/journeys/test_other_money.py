"""Money in other currencies, in part, from outside Stripe, or less than nothing."""

from copy import deepcopy
from typing import Any

import pytest

from app import db
from app.explanations import explain
from app.partners import enrollment
from app.programs.models import Program
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase
from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE, EVERY_SHAPE, FIRST, Family

from .conftest import Meet


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
    deliver: Deliver, drain: Drain, currency: str, said: str
) -> None:
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes(Bill(currency=currency))
    deliver(sale.events)
    drain()
    with db.transaction() as session:
        assert f"ada has {said} accrued on it." in explain.explain(session, str(sale.invoice))["summary"]


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


OUTSIDE = Bill(net_minor=4900, tax_minor=931, out_of_band=True)


@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=lambda shape: shape.name)
@pytest.mark.parametrize("is_included", [False, True])
@pytest.mark.parametrize("is_attempted", [False, True])
def test_money_from_outside_stripe_counts_where_the_program_says_so(
    merchant: cast.Merchant,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    shape: Family,
    is_included: bool,
    is_attempted: bool,
) -> None:
    """Also where a card was declined before the customer wired the money."""
    if is_included:
        cast.count_outside_money(merchant)
    sale = Customer(shape, Marks(subscription="ada")).subscribes(OUTSIDE)
    deliver(changed(sale, "invoice", attempted=is_attempted))
    drain()
    assert ledger().balances == (owed(ada=980) if is_included else {})
    assert [line.outcome for line in ledger().payments] == ["accrued" if is_included else "out_of_band"]


@pytest.mark.parametrize("is_included", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_what_was_paid_outside_stripe_in_part_is_what_its_payment_record_says(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, is_included: bool, backwards: bool
) -> None:
    """10000 net and 2000 tax; 9000 of the 12000 were wired. 10000 x 3000 / 12000 is 2500, and 20 % of it 500."""
    if is_included:
        cast.count_outside_money(merchant)
    bill = Bill(net_minor=10_000, tax_minor=2000, part_outside_minor=9000)
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes(bill)
    for event in reversed(sale.events) if backwards else sale.events:
        deliver([event])
        drain()
    assert ledger().balances == owed(ada=2000 if is_included else 500)
    with db.transaction() as session:
        told = explain.narrate(explain.explain(session, str(sale.invoice)))
    assert "paid outside Stripe 90.00 USD" in " ".join(told)


def test_a_wire_that_is_told_late_takes_the_commission_back(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """A card was declined, so that it was attempted; nothing but the payment record says where the money came from."""
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes(OUTSIDE)
    events = {event["type"]: event for event in changed(sale, "invoice", attempted=True)}
    deliver([events["invoice.paid"]])
    drain()
    assert ledger().balances == owed(ada=980)
    deliver([events["invoice_payment.paid"]])
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["out_of_band"]


@pytest.mark.parametrize("shape", [CLOVER, ENDIVE], ids=lambda shape: shape.name)
@pytest.mark.parametrize(("is_attempted", "commission_minor"), [(False, None), (True, 980)])
def test_without_any_payment_known_only_an_invoice_nobody_tried_to_charge_was_paid_outside(
    deliver: Deliver, drain: Drain, ledger: Ledger, shape: Family, is_attempted: bool, commission_minor: int | None
) -> None:
    sale = Customer(shape, Marks(subscription="ada")).subscribes(OUTSIDE).only("invoice.paid")
    deliver(changed(sale, "invoice", attempted=is_attempted))
    drain()
    assert ledger().balances == (owed(ada=commission_minor) if commission_minor else {})


@pytest.mark.parametrize("is_included", [False, True])
@pytest.mark.parametrize("new_first", [False, True])
def test_two_shapes_of_one_invoice_agree_on_what_was_paid_outside_stripe(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, is_included: bool, new_first: bool
) -> None:
    """In the older shape `amount_paid` is 0, in the newer one it is all that was due."""
    if is_included:
        cast.count_outside_money(merchant)
    old, new = (
        Customer(shape, Marks(subscription="ada"), token="TWOSHAPES1").subscribes(OUTSIDE).event("invoice.paid")
        for shape in (ACACIA, CLOVER)
    )
    new = {**new, "id": f"{new['id']}new"}
    new["data"]["object"]["attempted"] = True
    for event in (new, old) if new_first else (old, new):
        deliver([event])
        drain()
    assert ledger().balances == (owed(ada=980) if is_included else {})


@pytest.mark.parametrize("is_included", [False, True])
def test_before_a_field_said_so_a_paid_invoice_that_nothing_was_paid_on_was_paid_outside(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, is_included: bool
) -> None:
    if is_included:
        cast.count_outside_money(merchant)
    (event,) = Customer(FIRST, Marks(subscription="ada")).subscribes(OUTSIDE).only("invoice.paid").events
    del event["data"]["object"]["paid_out_of_band"]
    deliver([event])
    drain()
    assert ledger().balances == (owed(ada=980) if is_included else {})
    assert [line.outcome for line in ledger().payments] == ["accrued" if is_included else "out_of_band"]


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


def test_a_renewal_paid_outside_stripe_says_so_also_beyond_the_limit_of_months(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """It is no payment of the program's at all, so no limit is what it meets."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        month = {"type": "percentage", "bps": 2000, "max_months": 1}
        pat = enrollment.create_partner(session, program, email="pat@partners.example", slug="pat", commission=month)
        enrollment.change_status(session, pat, "active")
    cleo = Customer(CLOVER, Marks(subscription="pat"))
    first = cleo.subscribes()
    for sale in (first, cleo.renews(first), cleo.renews(first, OUTSIDE)):
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(pat=1960)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "accrued", "out_of_band"]


def test_a_payment_that_shows_up_proves_that_an_unattempted_invoice_was_paid_through_stripe(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """A customer may pay an invoice that nobody tried to charge."""
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    events = {event["type"]: event for event in changed(sale, "invoice", attempted=False)}
    deliver([events["invoice.paid"]])
    drain()
    assert ledger().balances == {}
    deliver([events["invoice_payment.paid"]])
    drain()
    assert ledger().balances == owed(ada=980)


def test_of_money_captured_in_part_only_that_part_counts(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
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


def test_what_the_customer_saw_is_told_and_nothing_is_computed_from_it(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    sale = Customer(CLOVER, Marks(payment="ada")).buys()
    details = {"presentment_amount": 4530, "presentment_currency": "eur"}
    deliver(changed(sale, "checkout.session", presentment_details=details))
    drain()
    assert ledger().balances == owed(ada=980)
    with db.transaction() as session:
        told = explain.narrate(explain.explain(session, str(sale.payment_intent)))
    assert "The customer was shown 45.30 EUR." in told


@pytest.mark.parametrize("renewal_first", [False, True])
def test_a_cycle_paid_outside_stripe_is_a_cycle_where_the_program_pays_for_it(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger, renewal_first: bool
) -> None:
    cast.count_outside_money(merchant)
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        once = {"type": "recurring", "bps": 2000, "max_cycles": 1}
        pat = enrollment.create_partner(session, program, email="pat@partners.example", slug="pat", commission=once)
        enrollment.change_status(session, pat, "active")
    cleo = Customer(CLOVER, Marks(subscription="pat"))
    first = cleo.subscribes(OUTSIDE)
    for sale in reversed((first, cleo.renews(first))) if renewal_first else (first, cleo.renews(first)):
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(pat=980)
    assert sorted(line.outcome for line in ledger().payments) == ["accrued", "cap_reached"]
