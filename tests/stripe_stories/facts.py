"""What happens in a story, before Stripe's documents tell it: bills, marks, purchases, refunds."""

import secrets
import string
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

Event = dict[str, Any]

MONTH_SECONDS = 30 * 86_400
START = 1_772_445_600
"""2026-03-02 10:00 UTC, when the clock of every shop begins."""

_ALPHABET = string.ascii_uppercase + string.digits
_TOKEN_LENGTH = 10


class Ids:
    """Fresh Stripe ids that all carry one token, so that copies of a story can be distinguished.

    Each kind is counted by itself: a story made twice with one token, in two shapes, has the same objects.
    """

    def __init__(self, token: str | None = None) -> None:
        self.token = token or "".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_LENGTH))
        self._counts: Counter[str] = Counter()

    def fresh(self, prefix: str) -> str:
        """The next id of this kind."""
        self._counts[prefix] += 1
        return f"{prefix}_1{self.token}{self._counts[prefix]:04d}"


def token_in(stripe_id: str) -> str:
    """The token of the copy an id belongs to; works on payment keys, `invoice:in_…`, as well."""
    return stripe_id.rsplit("_", 1)[-1][1 : 1 + _TOKEN_LENGTH]


@dataclass(frozen=True)
class Bill:
    """What one sale charges, in minor units of `currency`.

    Attributes:
        net_minor: what is charged without tax, after discounts.
        tax_minor: the tax on it; `tax_inclusive` says whether prices were shown with it.
        discount_minor: what a coupon took off before.
        balance_minor: what the customer's credit balance paid of it.
        out_of_band: it was marked paid, the money never came through Stripe.
        part_outside_minor: what of it was paid outside Stripe where the rest came through; possible since basil.
    """

    net_minor: int = 4900
    tax_minor: int = 0
    tax_inclusive: bool = False
    discount_minor: int = 0
    balance_minor: int = 0
    currency: str = "usd"
    out_of_band: bool = False
    part_outside_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor

    @property
    def due_minor(self) -> int:
        """What is left to pay once the balance has been used."""
        return max(0, self.total_minor - self.balance_minor)

    @property
    def charged_minor(self) -> int:
        """What moves through Stripe."""
        return self.due_minor - self.outside_minor

    @property
    def outside_minor(self) -> int:
        """What was paid outside Stripe."""
        return self.due_minor if self.out_of_band else min(self.part_outside_minor, self.due_minor)


@dataclass(frozen=True)
class Marks:
    """Which partner's code stands where on one customer's Stripe objects; None: nothing stands there."""

    payment: str | None = None
    invoice: str | None = None
    subscription: str | None = None
    session: str | None = None
    client_reference: str | None = None
    customer: str | None = None


UNMARKED = Marks()


def metadata(code: str | None) -> dict[str, str]:
    """What a merchant's server writes into an object's metadata."""
    return {"affiliate_id": code} if code is not None else {}


@dataclass(frozen=True)
class Purchase:
    """Money that came in, the ids Stripe gave it, and the events that tell of it in their natural order."""

    bill: Bill
    marks: Marks
    customer: str
    paid_at: int
    events: tuple[Event, ...] = field(repr=False, default=())
    subscription: str | None = None
    invoice: str | None = None
    payment_intent: str | None = None
    charge: str | None = None
    session: str | None = None

    def event(self, event_type: str) -> Event:
        """The one event of this type."""
        (found,) = [event for event in self.events if event["type"] == event_type]
        return found

    def without(self, *event_types: str) -> "Purchase":
        """The same money, with events of these types never sent."""
        return replace(self, events=tuple(event for event in self.events if event["type"] not in event_types))

    def only(self, *event_types: str) -> "Purchase":
        """The same money, with events of these types only, in this order."""
        return replace(self, events=tuple(self.event(event_type) for event_type in event_types))


@dataclass(frozen=True)
class Refund:
    """Money on its way back. `events` opens it; `failure` tells that the customer's bank sent it back."""

    id: str
    purchase: Purchase
    amount_minor: int
    events: tuple[Event, ...] = field(repr=False)
    failure: tuple[Event, ...] = field(repr=False)
