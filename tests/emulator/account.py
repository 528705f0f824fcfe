"""One account in one mode, where stories happen: its clock, its shelf, its events."""

from dataclasses import dataclass, field

from tests.properties.oracle import Returned
from tests.stripe_stories.documents import Document
from tests.stripe_stories.facts import Ids, Purchase
from tests.stripe_stories.families import Family

from .events import ShopEvent
from .store import Render, Shelf
from .world import World

DAY_SECONDS = 86_400


@dataclass
class Buyer:
    """A customer of the story, with ids of their own."""

    id: str
    name: str
    ids: Ids
    marker: str | None = None
    credit_minor: int = 0

    @property
    def token(self) -> str:
        """What all ids of this customer's story share."""
        return self.ids.token


@dataclass
class Money:
    """What has become of a charge."""

    purchase: Purchase
    buyer: Buyer
    refunded_minor: int = 0
    refunds: dict[str, Document] = field(default_factory=dict)
    """Those of the charge by their ids, the oldest first."""
    is_disputed: bool = False


@dataclass
class Happened:
    """What has happened in sum, for an oracle: the money that came in and what went back for good."""

    purchases: list[Purchase] = field(default_factory=list)
    returns: dict[str, Returned] = field(default_factory=dict)
    """By the id of the refund or dispute."""


class Account:
    """An account's story so far. All verbs move the clock of the whole world on."""

    def __init__(self, world: World, account: str = "", *, livemode: bool = False) -> None:
        self.world = world
        self.account = account
        self.livemode = livemode
        self.pace_seconds = 60
        self.happened = Happened()
        self._money: dict[str, Money] = {}

    @property
    def now(self) -> int:
        """The virtual clock, in seconds since 1970."""
        return self.world.now

    @property
    def family(self) -> Family:
        """The account's API version."""
        return self.world.families[self.account]

    def upgrade(self, family: Family) -> None:
        """Move the account to another API version: events from now on have its shape."""
        self.world.families[self.account] = family

    @property
    def shelf(self) -> Shelf:
        """What Stripe holds of this account in this mode."""
        return self.world.shelves[self.account, self.livemode]

    def advance(self, *, days: float = 0, hours: float = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self.world.now += int(days * DAY_SECONDS + hours * 3600) + seconds

    def _hold(self, kind: str, object_id: str, created: int, render: Render, **refs: str | None) -> None:
        self.shelf.put(kind, object_id, created, render, refs)

    def _emit(self, buyer_ids: Ids, event_type: str, object_id: str, created: int | None = None) -> ShopEvent:
        moment = self.now if created is None else created
        event_id = buyer_ids.fresh("evt")
        return self.world.record_event((self.account, self.livemode), event_id, event_type, object_id, moment)

    def _tick(self) -> int:
        """The moment of the next act."""
        self.world.now += self.pace_seconds
        return self.world.now
