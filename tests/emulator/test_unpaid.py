"""Lists are full of money that did not come; it is told and shown, and nothing of it accrues."""

from tests.conftest import Drain, Ledger
from tests.stripe_stories.families import Family

from .conftest import Connect
from .emulator import Emulator
from .expectation import expected


def tell_of_what_does_not_come(shop: Emulator) -> None:
    """Declined, abandoned, bounced, owed, written off, only authorized: each marked for Ada."""
    shop.decline(shop.customer(marker="ada"))
    shop.abandon(shop.customer(marker="ada"))
    shop.bounce(shop.order(shop.customer(), marker="ada"))
    shop.authorize(shop.customer(), marker="ada")
    subscription = shop.subscribe(shop.customer(), marker="ada")
    shop.owe(subscription)
    shop.write_off(shop.owe(subscription))
    shop.write_off(shop.owe(subscription), as_void=True)


def test_lists_show_what_did_not_come(shop: Emulator) -> None:
    tell_of_what_does_not_come(shop)
    v1 = shop.client().v1
    assert [charge.status for charge in v1.charges.list().data] == ["succeeded", "succeeded", "failed"]
    assert [charge.captured for charge in v1.charges.list().data] == [True, False, False]
    statuses = {intent.status for intent in v1.payment_intents.list().data}
    assert statuses == {"succeeded", "requires_payment_method", "requires_capture"}
    assert [invoice.status for invoice in v1.invoices.list().data] == ["void", "uncollectible", "open", "paid"]
    assert len(v1.invoices.list({"status": "open"}).data) == 1
    (abandoned,) = v1.checkout.sessions.list({"status": "expired"}).data
    assert (abandoned.payment_status, abandoned.payment_intent) == ("unpaid", None)


def test_nothing_of_it_accrues(shop: Emulator, family: Family, connect: Connect, drain: Drain, ledger: Ledger) -> None:
    connect(family=family)
    tell_of_what_does_not_come(shop)
    shop.deliver()
    drain()
    assert (
        ledger().balances
        == expected(shop).balances
        == {
            ("commission_expense", None, "usd"): 980,
            ("partner_accrued", "ada", "usd"): 980,
        }
    )


def test_what_comes_later_accrues_then(
    shop: Emulator, family: Family, connect: Connect, drain: Drain, ledger: Ledger
) -> None:
    connect(family=family)
    ordered = shop.order(shop.customer(), 2000, marker="ada")
    authorized = shop.authorize(shop.customer(), 3000, marker="ben")
    owed = shop.owe(shop.subscribe(shop.customer(), 1000, marker="dan"))
    shop.deliver()
    drain()
    assert ledger().balances == {("commission_expense", None, "usd"): 200, ("partner_accrued", "dan", "usd"): 200}
    shop.arrive(ordered)
    taken = shop.capture(authorized, 1000)
    shop.refund(taken, 500)
    shop.settle(owed)
    shop.deliver()
    drain()
    found, wanted = ledger(), expected(shop)
    assert (found.balances, found.commissions) == (wanted.balances, wanted.commissions)


def test_a_partly_captured_charge_counts_the_rest_as_refunded(shop: Emulator) -> None:
    sale = shop.capture(shop.authorize(shop.customer(), 3000), 1000)
    shop.refund(sale, 400)
    charge = shop.client().v1.charges.retrieve(str(sale.charge))
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (3000, 1000, 2400)
