"""What all accounts of one emulated Stripe share: the clock, the shelves, the keys, the endpoints."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.stripe_stories.facts import START, Ids
from tests.stripe_stories.families import CLOVER, Family

from .delivery import Endpoint
from .events import ShopEvent
from .store import Render, Shelf

Scope = tuple[str, bool]
"""An account ("" for one's own) and whether it is live."""


@dataclass(frozen=True)
class Key:
    """An API key of one's own account; a restricted one has the permissions listed, a secret one all."""

    livemode: bool
    permissions: frozenset[str] | None = None


@dataclass
class World:
    """One emulated Stripe.

    Attributes:
        now: the virtual clock, in seconds since 1970.
        families: the API version of each account; "" is one's own.
        funds_minor: the balance that transfers are paid from, by currency.
    """

    now: int = START
    families: dict[str, Family] = field(default_factory=lambda: {"": CLOVER})
    shelves: defaultdict[Scope, Shelf] = field(default_factory=lambda: defaultdict(Shelf))
    keys: dict[str, Key] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)
    events: dict[str, ShopEvent] = field(default_factory=dict)
    funds_minor: dict[str, int] = field(default_factory=lambda: {"usd": 100_000_000})
    _people: int = 0

    def ids_for(self, name: str) -> Ids:
        """Ids for one more story: their common part says whose story it is and which one."""
        self._people += 1
        letters = "".join(letter for letter in name.upper() if letter.isalpha())
        return Ids(f"{letters[:4]:X<4}{self._people:06d}")

    def hold(self, scope: Scope, kind: str, object_id: str, created: int, render: Render, **refs: str | None) -> None:
        """Keep an object, or what it has become."""
        self.shelves[scope].put(kind, object_id, created, render, refs)

    def record_event(self, scope: Scope, event_id: str, event_type: str, object_id: str, created: int) -> ShopEvent:
        """Record that something happened to an object as it is held now, and give it to every endpoint concerned."""
        account, livemode = scope
        shelf = self.shelves[scope]
        subject = shelf.get(object_id)
        assert subject is not None, object_id
        family = self.families[account]
        event = ShopEvent(
            event_id, event_type, created, family, subject.render, subject.kind, object_id, livemode, account
        )
        shelf.put("event", event_id, created, lambda _asked_for: event.document(), {"type": event_type})
        self.events[event_id] = event
        for endpoint in self.endpoints:
            endpoint.offer(event)
        return event
