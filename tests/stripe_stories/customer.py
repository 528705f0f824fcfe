"""Cleo, a customer of a shop: what she does, and the events that the shop's Stripe account sends about it."""

from collections.abc import Sequence
from dataclasses import replace

from tests.emulator.account import Buyer
from tests.emulator.delivery import Endpoint
from tests.emulator.sales import Subscription
from tests.emulator.shop import Shop
from tests.emulator.world import World

from . import documents
from .facts import MONTH_SECONDS, UNMARKED, Bill, Event, Ids, Marks, Purchase, Refund
from .families import Family

_NOT_WANTED = {"customer.subscription.updated"}
"""Types the shop's endpoint is not subscribed to."""


def _post_nothing(_body: bytes, _headers: dict[str, str]) -> int:
    raise AssertionError("a customer's events are collected, not posted")


class Customer:
    """One Stripe customer of a `Shop`, with ids of her own; every act moves the shop's clock on.

    Each act returns what happened with its events in the order they usually come. Nothing is sent: a test chooses
    order, repetition and gaps.
    """

    def __init__(
        self, family: Family, marks: Marks = UNMARKED, *, livemode: bool = False, token: str | None = None
    ) -> None:
        self.family = family
        self.marks = marks
        self.livemode = livemode
        self.ids = Ids(token)
        self._buyer = Buyer(self.ids.fresh("cus"), "cleo", self.ids, marks.customer)
        self._endpoint = Endpoint(_post_nothing, family, secrets=[], livemode=livemode)
        self._world = World(families={"": family}, endpoints=[self._endpoint])
        self._shop = Shop(self._world, livemode=livemode)

    @property
    def id(self) -> str:
        return self._buyer.id

    @property
    def token(self) -> str:
        """What all her ids share."""
        return self.ids.token

    @property
    def now(self) -> int:
        """The shop's clock, in seconds since 1970."""
        return self._world.now

    @now.setter
    def now(self, seconds: int) -> None:
        self._world.now = seconds

    def waits(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    def event(self, event_type: str, document: documents.Document, created: int) -> Event:
        """An event of this customer's about `document`."""
        event_id = self.ids.fresh("evt")
        return documents.event(self.family, event_id, event_type, document, created=created, livemode=self.livemode)

    def appears(self) -> Event:
        """`customer.created`, with the customer's mark."""
        self._shop.introduce(self._buyer)
        (event,) = self._collected()
        return event

    def is_marked_again(self, code: str) -> Event:
        """`customer.updated`: her metadata gets another code."""
        self._shop.mark(self._buyer, code)
        (event,) = self._collected()
        return event

    def subscribes(self, bill: Bill | None = None, *, snapshot: bool = True) -> Purchase:
        """Checkout in mode subscription, and its first invoice."""
        self.waits(120)
        subscription = self._shop.subscribe(self._buyer, marks=self.marks, bill=bill, snapshot=snapshot)
        self.waits(60)
        return replace(subscription.first, events=self._collected())

    def renews(self, first: Purchase, bill: Bill | None = None, *, snapshot: bool = True) -> Purchase:
        """The next month's invoice of the subscription that `first` began."""
        self.waits(MONTH_SECONDS - self._shop.pace_seconds)
        subscription = Subscription(str(first.subscription), self._buyer, self.now, purchases=[first])
        sale = self._shop.renew(subscription, bill=bill, snapshot=snapshot, on_time=False)
        return replace(sale, events=self._collected())

    def buys(self, bill: Bill | None = None, *, invoiced: bool = False, through_session: bool = True) -> Purchase:
        """A one-time sale: through a checkout session or by a bare PaymentIntent, with or without an invoice."""
        self.waits(120)
        marks = replace(self.marks, subscription=None)
        sale = self._shop.buy(self._buyer, marks=marks, bill=bill, invoiced=invoiced, through_session=through_session)
        self.waits(60)
        return replace(sale, events=self._collected())

    def is_refunded(
        self, sale: Purchase, amount_minor: int, *, before: Sequence[Refund] = (), pending: bool = False
    ) -> Refund:
        """A refund of part of `sale`; `before` are the refunds that came earlier and have not failed."""
        self.waits(3600 - self._shop.pace_seconds)
        self._shop.recall(self._buyer, sale, before)
        refund = self._shop.refund(sale, amount_minor, pending=pending)
        ended_at = self.now
        if pending:
            self._shop.settle_refund(refund)
        events = [event for event in self._collected() if event["type"] != "charge.refund.updated"]
        self.now = ended_at + 86_400 - self._shop.pace_seconds
        self._shop.fail_refund(refund)
        self.now = ended_at
        return Refund(refund.id, sale, amount_minor, tuple(events), failure=self._collected())

    def _collected(self) -> tuple[Event, ...]:
        """The events that wait to be posted, which never are."""
        waiting, self._endpoint.waiting = self._endpoint.waiting, []
        return tuple(event.document() for event in waiting if event.type not in _NOT_WANTED)
