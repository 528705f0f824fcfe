"""What all accounts of one emulated Stripe share: the clock, the shelves, the keys, the endpoints."""

from collections import defaultdict
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Final

from tests.stripe_stories.facts import START, Ids
from tests.stripe_stories.families import CLOVER, Family

from .delivery import Endpoint
from .events import ShopEvent
from .store import Render, Shelf

if TYPE_CHECKING:
    from .accounts import AccountLink, Recipient

EEA: Final = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI")
) | {"LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
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
        country: of one's own account, the platform of the connected ones.
        is_connect_approved: Stripe approved the platform for accounts that only receive transfers.
        recipients: connected accounts that were created through the API, by id.
        links: onboarding links by address.
        lock: held while a balance changes.
    """

    now: int = START
    families: dict[str, Family] = field(default_factory=lambda: {"": CLOVER})
    shelves: defaultdict[Scope, Shelf] = field(default_factory=lambda: defaultdict(Shelf))
    keys: dict[str, Key] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)
    events: dict[str, ShopEvent] = field(default_factory=dict)
    funds_minor: dict[str, int] = field(default_factory=lambda: {"usd": 100_000_000})
    country: str = "US"
    is_connect_approved: bool = True
    recipients: dict[str, "Recipient"] = field(default_factory=dict)
    links: dict[str, "AccountLink"] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock, repr=False)
    _people: int = 0

    def ids_for(self, name: str) -> Ids:
        """Ids for one more story: their common part says whose story it is and which one."""
        with self.lock:
            self._people += 1
            number = self._people
        letters = "".join(letter for letter in name.upper() if letter.isalpha())
        return Ids(f"{letters[:4]:X<4}{number:06d}")

    @staticmethod
    def region_of(country: str) -> str:
        """Countries of one region share the full agreement. Source: Stripe, "Cross-border payouts"."""
        return "EEA" if country in EEA else country

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
