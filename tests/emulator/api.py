"""The API: who asks, for which account, in which version; then the list or the object asked for."""

import base64
import re
from datetime import date
from typing import Final

from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE, Family

from . import accounts, answers, lists, writes
from .answers import Answer, Refused
from .events import as_sent
from .expand import expanded
from .requests import Request
from .resources import BY_PATH, RESOURCES, Resource
from .store import Held, Shelf
from .world import Key, World
from .writes import Idempotency

_RETRIEVED: Final = re.compile(r"(?P<path>/v1/.+)/(?P<id>[^/]+)")
_THIN: Final = re.compile(r"/v2/core/events/(?P<id>[^/]+)")
_LINES: Final = re.compile(r"/v1/invoices/(?P<id>[^/]+)/lines")
_REFUNDS: Final = re.compile(r"/v1/charges/(?P<id>[^/]+)/refunds")
_REVERSALS: Final = re.compile(r"/v1/transfers/(?P<id>[^/]+)/reversals")


def route_of(path: str) -> str:
    """The path with ids left out, for counting."""
    if path in BY_PATH:
        return path
    for pattern in (_LINES, _REFUNDS, _REVERSALS, _THIN, _RETRIEVED):
        if found := pattern.fullmatch(path):
            return path.replace(found["id"], "{id}", 1)
    return path


def family_of(version: str, families: tuple[Family, ...] = (ACACIA, CLOVER, ENDIVE)) -> Family:
    """The shape an API version is rendered in: the first one that is not older and on its side of the break.

    Raises Refused for what is no version.
    """
    try:
        day = date.fromisoformat(version[:10])
    except ValueError:
        raise Refused(400, f"Invalid Stripe API version: {version}") from None
    names_links = day < date(2025, 3, 31)
    names_orders = day >= date(2026, 1, 1)  # recorded ones do before, but not all
    return next(one for one in families if (one.names_links, one.names_orders) == (names_links, names_orders))


class Api:
    """Answers requests about one world. Any thread may ask."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._idempotency = Idempotency(world)

    def answer(self, request: Request, *, remembered: Answer | None = None) -> Answer:
        """What Stripe answers; its idempotency key replays `remembered` instead, where that is given."""
        try:
            key = self._key(request)
            account = self._account(request)
            if request.method == "POST":
                return self._write(request, key, account, remembered)
            return answers.document(self._read(request, key, account))
        except Refused as refused:
            return refused.answer

    @property
    def now(self) -> int:
        """The virtual clock, in seconds since 1970."""
        return self._world.now

    def account_of(self, request: Request) -> str:
        """The connected account a request speaks for, "" for one's own."""
        return request.headers.get("stripe-account") or request.headers.get("stripe-context") or ""

    def _key(self, request: Request) -> Key:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            given = base64.b64decode(given).decode().partition(":")[0]
        if not given:
            raise Refused(401, "You did not provide an API key. Provide it with HTTP Basic Auth or Bearer auth.")
        key = self._world.keys.get(given)
        if key is None:
            raise Refused(401, f"Invalid API Key provided: {answers.masked(given)}")
        return key

    def _account(self, request: Request) -> str:
        account = self.account_of(request)
        if account not in self._world.families:
            message = (
                f"The provided key does not have access to account '{account}' (or that account does not exist). "
                "Application access may have been revoked."
            )
            raise Refused(403, message, code="account_invalid")
        return account

    def _permit(self, key: Key, permission: str, what: str) -> None:
        required = f"{permission}_{what}"
        covering = {required, f"{permission}_write"}
        if key.permissions is not None and not covering & key.permissions:
            message = (
                "The provided key 'rk_***' does not have the required permissions for this endpoint on account "
                f"'acct_emulated'. Having the 'rak_{required}' permission would allow this request to continue."
            )
            raise Refused(403, message)

    def _read(self, request: Request, key: Key, account: str) -> Document:
        shelf = self._world.shelves[account, key.livemode]
        family = self._family(request, account)
        if found := _THIN.fullmatch(request.path):
            self._permit(key, "event", "read")
            return self._thin(found["id"], account, key)
        if request.path == "/v1/balance":
            self._permit(key, "balance", "read")
            return accounts.balance(self._world, livemode=key.livemode)
        if request.path == "/v1/webhook_endpoints":
            self._permit(key, "webhook", "read")
            made = enumerate(self._world.endpoints, 1)
            documents = [one.document(number) for number, one in made if one.url and one.livemode == key.livemode]
            return lists.listed(request.path, documents, has_more=False)
        if request.path == "/v1/account":
            return self._own_account(shelf, account, family)
        if found := _LINES.fullmatch(request.path):
            held = self._held(shelf, BY_PATH["/v1/invoices"], found["id"], key, account)
            return lists.page_of(request.path, held.render(family)["lines"]["data"], request)
        if found := _REFUNDS.fullmatch(request.path):
            narrowed = dict(request.params) | {"charge": [found["id"]]}
            return self._list(BY_PATH["/v1/refunds"], Request("GET", request.path, narrowed, {}), key, shelf, family)
        if resource := BY_PATH.get(request.path):
            return self._list(resource, request, key, shelf, family)
        for resource in RESOURCES:
            found = _RETRIEVED.fullmatch(request.path)
            if found and found["path"] == resource.path:
                held = self._held(shelf, resource, found["id"], key, account)
                return self._shown(held, family, request, shelf)
        raise Refused(404, f"Unrecognized request URL ({request.method}: {request.path}).")

    def _list(self, resource: Resource, request: Request, key: Key, shelf: Shelf, family: Family) -> Document:
        self._permit(key, resource.permission, "read")
        found, has_more = lists.page(self._world, shelf, resource, request)
        data = [self._shown(held, family, request, shelf, under="data.") for held in found]
        return lists.listed(request.path, data, has_more=has_more)

    def _held(self, shelf: Shelf, resource: Resource, object_id: str, key: Key, account: str) -> Held:
        self._permit(key, resource.permission, "read")
        held = shelf.get(object_id)
        is_past = resource.kind == "event" and held and held.created < self._world.now - lists.EVENTS_KEPT_SECONDS
        if held is None or held.kind != resource.kind or is_past:
            elsewhere = self._world.shelves[account, not key.livemode].get(object_id)
            other_mode = ("test" if key.livemode else "live") if elsewhere else None
            raise answers.no_such(resource.noun, object_id, resource.id_param, other_mode=other_mode)
        return held

    @staticmethod
    def _shown(held: Held, family: Family, request: Request, shelf: Shelf, *, under: str = "") -> Document:
        expanded_fields = [
            path.removeprefix(under) for path in request.params.get("expand[]", []) if path.startswith(under)
        ]
        return expanded(as_sent(held.render(family)), expanded_fields, shelf, family)

    def _thin(self, thin_id: str, account: str, key: Key) -> Document:
        whole = self._world.events.get(thin_id.replace("evt_65", "evt_1", 1))
        if whole is None or (whole.account, whole.livemode) != (account, key.livemode):
            raise Refused(404, f"No such event: '{thin_id}'", code="not_found")
        return whole.thin()

    def _own_account(self, shelf: Shelf, account: str, family: Family) -> Document:
        held = shelf.get(account)
        return held.render(family) if held else accounts.platform(self._world)

    def _family(self, request: Request, account: str) -> Family:
        version = request.headers.get("stripe-version")
        return family_of(version) if version else self._world.families[account]

    def _write(self, request: Request, key: Key, account: str, remembered: Answer | None) -> Answer:
        route = writes.find(request.path)
        self._permit(key, route.permission, "write")
        family = self._family(request, account)
        scope = (account, key.livemode)

        def act() -> Answer:
            answer = route.write(self._world, scope, request, family)
            return remembered or answer

        return self._idempotency.once(request, scope, act)
