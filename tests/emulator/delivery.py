"""Webhook endpoints: events signed with real signatures and posted, and those that could not be."""

import http.client
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson

from tests.stripe_stories.families import Family
from tests.stripe_stories.signing import signature_header

from .events import ShopEvent

Post = Callable[[bytes, dict[str, str]], int]
"""Takes a body and headers to a receiver and gives the status it answered with."""

PATIENCE_SECONDS = 10
GIVES_UP_AFTER_SECONDS = {True: 3 * 86_400, False: 3 * 3600}
"""Source: Stripe, "Webhooks", Automatic retries: three days in live mode, a few hours in test mode."""


@dataclass(frozen=True)
class Attempt:
    """One delivery: `status` is None where no answer came."""

    event: ShopEvent
    status: int | None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Endpoint:
    """Where events of one account, or of all connected ones, are posted to, in a shape of its own.

    Attributes:
        secrets: while a secret is rotated there are two, and each signs.
        types: which events it wants; None: all.
        of_connected: it gets the events of connected accounts and none of one's own.
        is_thin: it gets thin events.
        waiting: what is not delivered yet.
        lost: what Stripe has given up on; only Events.list still has it.
        attempts: every delivery made.
        url: where it posts to; "" for a receiver that is no address.
        is_disabled: the API says so; it still posts.
    """

    post: Post
    family: Family
    secrets: list[str]
    livemode: bool = False
    types: Collection[str] | None = None
    of_connected: bool = False
    is_thin: bool = False
    is_down: bool = False
    url: str = ""
    is_disabled: bool = False
    waiting: list[ShopEvent] = field(default_factory=list)
    lost: list[ShopEvent] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    _tried: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    def document(self, number: int) -> dict[str, object]:
        """The endpoint as the API lists it; its secret is shown only when it is made."""
        return {
            "id": f"we_{number:06d}",
            "object": "webhook_endpoint",
            "api_version": self.family.api_version,
            "application": "ca_emulated" if self.of_connected else None,
            "enabled_events": ["*"] if self.types is None else list(self.types),
            "livemode": self.livemode,
            "status": "disabled" if self.is_disabled else "enabled",
            "url": self.url,
        }

    def offer(self, event: ShopEvent) -> None:
        """Queue an event if it is one of this endpoint's."""
        is_mine = event.livemode == self.livemode and bool(event.account) == self.of_connected
        if is_mine and event.is_given_in(self.family) and (self.types is None or event.type in self.types):
            event.pending += 1
            self.waiting.append(event)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nothing is taken meanwhile: no connection comes about."""
        self.is_down = True
        try:
            yield
        finally:
            self.is_down = False

    def deliver(self, now: int, shuffled: random.Random | None = None) -> list[Attempt]:
        """Try everything that waits once; what is too old is given up."""
        due, self.waiting = self.waiting, []
        if shuffled:
            shuffled.shuffle(due)
        made = []
        for event in due:
            if event.created + GIVES_UP_AFTER_SECONDS[self.livemode] < now and event.id in self._tried:
                self.lost.append(event)
                continue
            made.append(self.send(event))
            if not made[-1].succeeded:
                self.waiting.append(event)
        return made

    def give_up(self) -> None:
        """Lose whatever waits, as if the days of retrying were over."""
        self.lost += self.waiting
        self.waiting = []

    def send(self, event: ShopEvent) -> Attempt:
        """Post one event, whether it waits or not: a resend by hand, a delivery that comes twice."""
        status = None if self.is_down else self._post(event)
        attempt = Attempt(event, status)
        self.attempts.append(attempt)
        self._tried.add(event.id)
        if attempt.succeeded and event.id not in self._taken:
            self._taken.add(event.id)
            event.pending -= 1
        return attempt

    def body(self, event: ShopEvent) -> bytes:
        """What is posted for an event."""
        return orjson.dumps(event.thin() if self.is_thin else event.delivered(self.family))

    def _post(self, event: ShopEvent) -> int | None:
        body = self.body(event)
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature_header(body, *self.secrets)}
        try:
            return self.post(body, headers)
        except (OSError, http.client.HTTPException):
            return None


def over_http(url: str) -> Post:
    """Posts to an address; redirects are not followed."""
    parts = urlsplit(url)
    assert parts.hostname, url

    def post(body: bytes, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", parts.path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    return post


def successes(attempts: Sequence[Attempt]) -> int:
    """How many of them were taken."""
    return sum(attempt.succeeded for attempt in attempts)
