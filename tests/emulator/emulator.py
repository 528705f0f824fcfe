"""A small Stripe on loopback."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Self

import stripe

from tests.stripe_stories.facts import START
from tests.stripe_stories.families import CLOVER, Family

from .api import Api
from .delivery import Attempt, Endpoint, Post, over_http
from .events import ShopEvent
from .faults import Faults
from .requests import Asked
from .server import Server
from .shop import Shop
from .world import Key, World

SECRET_KEY = "sk_test_emulated_0123456789"
LIVE_KEY = "sk_live_emulated_0123456789"
SIGNING_SECRET = "whsec_of_the_emulator"


class Emulator(Shop):
    """A Stripe of one's own, serving since it was made; itself the test mode of one's own account.

    Attributes:
        url: where its API answers: `StripeClient(shop.key, base_addresses={"api": shop.url})`.
        key: a secret key in test mode; `live_key` is one for live mode.
        live: the same account's live mode, with the same verbs.
        faults: what goes wrong.
    """

    def __init__(self, family: Family = CLOVER, *, now: int = START) -> None:
        world = World(now=now, families={"": family})
        super().__init__(world)
        self.key, self.live_key = SECRET_KEY, LIVE_KEY
        world.keys |= {SECRET_KEY: Key(livemode=False), LIVE_KEY: Key(livemode=True)}
        self.live = Shop(world, livemode=True)
        self.faults = Faults()
        self._keys = 0
        self._server = Server(Api(world), self.faults)
        self.url = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def client(self, key: str | None = None, *, retries: int = 0, **options: object) -> stripe.StripeClient:
        """The official library, talking to this Stripe."""
        return stripe.StripeClient(
            key or self.key, base_addresses={"api": self.url}, max_network_retries=retries, **options
        )

    def restricted_key(self, *permissions: str, livemode: bool = False) -> str:
        """A key that may do only this: `charge_read`, `invoice_read`, `transfer_write` …"""
        self._keys += 1
        key = f"rk_{'live' if livemode else 'test'}_emulated_{self._keys:010d}"
        self.world.keys[key] = Key(livemode, frozenset(permissions))
        return key

    def revoke(self, key: str) -> None:
        """The key is not known any more."""
        del self.world.keys[key]

    def connected(self, account: str, family: Family | None = None, *, livemode: bool = False) -> Shop:
        """A connected account with the same verbs; clients name it in `Stripe-Account`."""
        self.world.families.setdefault(account, family or self.family)
        return Shop(self.world, account, livemode=livemode)

    def endpoint(
        self,
        receiver: str | Post,
        *,
        secrets: Sequence[str] = (SIGNING_SECRET,),
        family: Family | None = None,
        livemode: bool = False,
        types: Collection[str] | None = None,
        of_connected: bool = False,
        is_thin: bool = False,
    ) -> Endpoint:
        """A webhook endpoint, for events from now on; its receiver is an address, or what posts to it."""
        post = over_http(receiver) if isinstance(receiver, str) else receiver
        made = Endpoint(post, family or self.family, list(secrets), livemode, types, of_connected, is_thin)
        made.url = receiver if isinstance(receiver, str) else ""
        self.world.endpoints.append(made)
        return made

    def deliver(self, *, seed: int | None = None) -> list[Attempt]:
        """Try once to deliver whatever waits at any endpoint, in the order it happened or in a seeded one."""
        chance = None if seed is None else random.Random(seed)
        return [attempt for endpoint in self.world.endpoints for attempt in endpoint.deliver(self.now, chance)]

    @property
    def events(self) -> list[ShopEvent]:
        """Every event there ever was, in any account and mode, in the order it happened."""
        return list(self.world.events.values())

    @property
    def asked(self) -> list[Asked]:
        """Every request that came in, in order."""
        return self._server.asked

    def calls(self) -> Counter[str]:
        """How often each thing was asked for: `shop.calls()["GET /v1/invoices/{id}"]`."""
        return self._server.calls()
