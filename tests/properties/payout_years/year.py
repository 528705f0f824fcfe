"""What has happened so far in a random year, for Accrual and the oracle."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.properties.oracle_payouts import Commission, Payout, Sale
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Purchase, Refund
from tests.stripe_stories.troubles import DisputeStory


@dataclass
class Bought:
    """A sale as Stripe and the oracle know it, with its conversion's id."""

    customer: Customer
    purchase: Purchase
    sale: Sale
    conversion_id: Any
    refunds: list[Refund] = field(default_factory=list)
    dispute: DisputeStory | None = None
    dispute_stage: str = "none"

    @property
    def left_minor(self) -> int:
        """What was not refunded."""
        return self.sale.gross_minor - sum(self.sale.refunds)

    def is_refunded(self, minor: int) -> Sequence[Event]:
        """The events of another refund."""
        refund = self.customer.is_refunded(self.purchase, minor, before=self.refunds)
        self.refunds.append(refund)
        self.sale.refunds.append(minor)
        return refund.events


@dataclass
class Year:
    """What has happened so far; each act changes Accrual and the oracle alike, and returns what it did in words."""

    chance: random.Random
    merchant: Merchant
    deliver: Deliver
    drain: Drain
    fee_bps: int
    bought: list[Bought] = field(default_factory=list)
    brought_in: list[Commission] = field(default_factory=list)
    """Opening balances: commissions that no sale earns, payable from the beginning."""
    payouts: dict[Any, Payout] = field(default_factory=dict)
    plot: list[str] = field(default_factory=list)
    banned: set[str] = field(default_factory=set)
    moments: list[datetime] = field(default_factory=list)
    """When decisions were made, for runs that leave out later ones."""

    @property
    def commissions(self) -> list[Commission]:
        return [*self.brought_in, *(commission for bought in self.bought for commission in bought.sale.commissions)]

    def happens(self, events: Sequence[Event]) -> None:
        self.deliver(events)
        self.drain()

    def any_of(self, among: Sequence[Any], is_fit: Callable[[Any], bool]) -> Any:
        """One of these that fit, by chance; None if none does."""
        fit = [one for one in among if is_fit(one)]
        return self.chance.choice(fit) if fit else None

    def number_of(self, bought: Bought) -> int:
        return self.bought.index(bought)
