"""Busy traffic: an hour or a year of many customers' stories, the same for the same seed."""

import random
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final, TypeVar

from tests.stripe_stories.facts import Bill, Marks, Purchase
from tests.stripe_stories.returns import Dispute

from .returns import Refund
from .sales import Subscription
from .shop import Shop

T = TypeVar("T")

NAMES: Final = ("cleo", "dora", "emil", "finn", "gala", "hugo", "iris", "jule")
CARRIERS: Final = ("subscription", "payment", "session", "client_reference", "customer")
PRICES: Final = (900, 1999, 4900, 12_000)
RETURNS: Final = frozenset({"refund", "refund_later", "dispute", "close_dispute", "inquire", "warn", "credit"})

# How often each act comes, among a hundred.
WEIGHTS: Final = {
    "subscribe": 24,
    "renew": 30,
    "buy": 20,
    "refund": 8,
    "refund_later": 4,
    "dispute": 3,
    "close_dispute": 3,
    "inquire": 1,
    "warn": 1,
    "credit": 2,
    "cancel": 4,
}


class Traffic:
    """What a crowd does in a shop; an act that nothing is there for does not happen."""

    def __init__(self, shop: Shop, seed: int, markers: Collection[str]) -> None:
        self._shop = shop
        self._chance = random.Random(seed)
        self._markers = [*sorted(markers), None]
        self._subscriptions: list[Subscription] = []
        self._unreturned: list[Purchase] = []
        self._pending: list[Refund] = []
        self._disputes: list[Dispute] = []

    def act(self, name: str) -> None:
        """One act of this name."""
        acts: dict[str, Callable[[], None]] = {
            "subscribe": self._subscribe,
            "renew": self._renew,
            "buy": self._buy,
            "refund": self._refund,
            "refund_later": self._refund_later,
            "dispute": self._dispute,
            "close_dispute": self._close_dispute,
            "inquire": lambda: self._ask(self._shop.inquire),
            "warn": lambda: self._ask(self._shop.warn),
            "credit": self._credit,
            "cancel": self._cancel,
        }
        acts[name]()

    def _subscribe(self) -> None:
        marker = self._chance.choice(self._markers)
        marks = Marks(**{self._chance.choice(CARRIERS): marker}) if marker else Marks()
        buyer = self._shop.customer(self._chance.choice(NAMES), marker=marks.customer)
        self._subscriptions.append(self._shop.subscribe(buyer, marks=marks, bill=self._bill()))
        self._remember(self._subscriptions[-1].first)

    def _renew(self) -> None:
        if self._subscriptions:
            subscription = self._chance.choice(self._subscriptions)
            self._remember(self._shop.renew(subscription, bill=self._bill(is_renewal=True), on_time=False))

    def _buy(self) -> None:
        buyer = self._shop.customer(self._chance.choice(NAMES))
        through_session = self._chance.random() < 0.7
        invoiced = self._chance.random() < 0.3
        marker = self._chance.choice(self._markers)
        bill = self._bill()
        if not through_session and not invoiced:
            # A bare PaymentIntent does not say what of it is tax.
            bill = replace(bill, tax_minor=0)
        self._remember(
            self._shop.buy(buyer, marker=marker, bill=bill, invoiced=invoiced, through_session=through_session)
        )

    def _refund(self) -> None:
        if sale := self._take(self._unreturned):
            whole = sale.bill.charged_minor
            self._shop.refund(sale, self._chance.choice((whole, whole // 2, whole // 3)))

    def _refund_later(self) -> None:
        """A refund that is pending, or what becomes of one that was."""
        if refund := self._take(self._pending):
            self._chance.choice((self._shop.settle_refund, self._shop.fail_refund))(refund)
        elif sale := self._take(self._unreturned):
            self._pending.append(self._shop.refund(sale, sale.bill.charged_minor // 4, pending=True))

    def _dispute(self) -> None:
        if sale := self._take(self._unreturned):
            self._disputes.append(self._shop.dispute(sale))

    def _close_dispute(self) -> None:
        if found := self._take(self._disputes):
            self._chance.choice((self._shop.win, self._shop.lose))(found)

    def _credit(self) -> None:
        invoiced = [sale for sale in self._unreturned if sale.invoice]
        if invoiced:
            sale = self._chance.choice(invoiced)
            self._unreturned.remove(sale)
            part = sale.bill.charged_minor // 5
            self._shop.credit(sale, **{self._chance.choice(("refunded_minor", "balance_minor")): part})

    def _cancel(self) -> None:
        if subscription := self._take(self._subscriptions):
            self._shop.cancel(subscription)

    def _ask(self, verb: Callable[[Purchase], object]) -> None:
        if sale := self._take(self._unreturned):
            verb(sale)

    def _bill(self, *, is_renewal: bool = False) -> Bill:
        price = self._chance.choice(PRICES)
        tax = price * 19 // 100 if self._chance.random() < 0.3 else 0
        discount = price // 10 if self._chance.random() < 0.1 else 0
        balance = 300 if is_renewal and self._chance.random() < 0.1 else 0
        return Bill(price - discount, tax_minor=tax, discount_minor=discount, balance_minor=balance)

    def _remember(self, sale: Purchase) -> None:
        if sale.charge:
            self._unreturned.append(sale)

    def _take(self, things: list[T]) -> T | None:
        return things.pop(self._chance.randrange(len(things))) if things else None


def traffic(
    shop: Shop,
    seed: int,
    *,
    acts: int = 150,
    hours: float = 1,
    markers: Collection[str] = ("ada", "ben", "dan"),
    without: Collection[str] = (),
) -> None:
    """Let so many acts happen, spread over so many hours: some five events each.

    Args:
        shop: where.
        seed: which traffic; the same one gives the same ids, times and amounts.
        acts: how many.
        hours: how long it takes on the virtual clock.
        markers: partners' codes that may be on a sale; some sales name no partner.
        without: acts that do not occur, such as those in `RETURNS`.
    """
    crowd = Traffic(shop, seed, markers)
    weights = {name: weight for name, weight in WEIGHTS.items() if name not in without}
    chosen = random.Random(seed).choices(list(weights), list(weights.values()), k=acts)
    began_at, pace = shop.now, shop.pace_seconds
    shop.pace_seconds = 1
    for number, name in enumerate(chosen, 1):
        crowd.act(name)
        shop.world.now = max(shop.now, began_at + int(hours * 3600 * number / acts))
    shop.pace_seconds = pace
