"""The emulator's events, taken by our receiver and worked by the real drain, end in the books its story calls for."""

from tests.conftest import Drain, Ledger
from tests.stripe_stories.families import CLOVER, ENDIVE, Family

from .conftest import Connect
from .emulator import Emulator
from .expectation import expected


def buy_and_refund(shop: Emulator) -> None:
    """A subscription that is renewed and refunded in part, a one-time sale, and a sale that names no partner."""
    subscription = shop.subscribe(shop.customer("cleo"), 4900, marker="ada")
    renewal = shop.renew(subscription)
    shop.refund(renewal, 1000)
    shop.buy(shop.customer("dora"), 2500, marker="ben", invoiced=True)
    shop.buy(shop.customer("emil"), 9900)


def assert_books_are(shop: Emulator, ledger: Ledger) -> None:
    booked, due = ledger(), expected(shop)
    assert (booked.balances, booked.commissions) == (due.balances, due.commissions)


def test_delivered_events_settle_as_the_oracle_computes(
    shop: Emulator, family: Family, connect: Connect, drain: Drain, ledger: Ledger
) -> None:
    shop.upgrade(family)
    endpoint = connect(family=family)
    buy_and_refund(shop)
    shop.deliver()
    assert endpoint.waiting == []
    drain()
    assert_books_are(shop, ledger)


def test_an_endpoint_may_have_another_api_version_than_its_account(
    shop: Emulator, connect: Connect, drain: Drain, ledger: Ledger
) -> None:
    connect(family=ENDIVE)
    shop.upgrade(CLOVER)
    buy_and_refund(shop)
    assert all(attempt.succeeded for attempt in shop.deliver(seed=7))
    drain()
    assert_books_are(shop, ledger)
