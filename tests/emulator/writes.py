"""What may be written, behind idempotency keys that replay the first answer, errors included."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from tests.stripe_stories.families import Family

from . import accounts, promotion_codes, transfers
from .answers import Answer, Refused
from .requests import Request
from .world import Scope, World

KEYS_KEPT_SECONDS: Final = 86_400
"""After so long a key may be forgotten. Source: Stripe API reference, "Idempotent requests"."""

Write = Callable[[World, Scope, Request, Family], Answer]
_Asked = tuple[Scope, str]


class Idempotency:
    """The answers kept under idempotency keys, each account's and mode's apart."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[_Asked, tuple[object, Answer, int]] = {}
        self._running: set[_Asked] = set()
        self._lock = Lock()

    def once(self, request: Request, scope: Scope, act: Callable[[], Answer]) -> Answer:
        """The answer of `act`, or the one it gave the first time."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return act()
        asked = (scope, key)
        with self._lock:
            if kept := self._find(asked):
                fingerprint, answer, _ = kept
                if fingerprint != _fingerprint(request):
                    raise Refused(400, _other_use(key), type="idempotency_error")
                return Answer(answer.status, answer.body, {**answer.headers, "Idempotent-Replayed": "true"})
            if asked in self._running:
                message = f"There is currently another in-progress request using this Idempotent Key: {key}."
                raise Refused(409, message, type="idempotency_error", code="idempotency_key_in_use")
            self._running.add(asked)
        try:
            answer = act()
            self._kept[asked] = (_fingerprint(request), answer, self._world.now)
            return answer
        finally:
            with self._lock:
                self._running.discard(asked)

    def _find(self, asked: _Asked) -> tuple[object, Answer, int] | None:
        kept = self._kept.get(asked)
        if kept and kept[2] + KEYS_KEPT_SECONDS <= self._world.now:
            del self._kept[asked]
            return None
        return kept


def _fingerprint(request: Request) -> object:
    return (request.path, sorted((name, tuple(values)) for name, values in request.params.items()))


def _other_use(key: str) -> str:
    return (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )


@dataclass(frozen=True)
class WriteRoute:
    """A path that may be posted to.

    Attributes:
        permission: the restricted keys' name for it: `rak_<permission>_write`.
    """

    pattern: re.Pattern[str]
    permission: str
    write: Write


ROUTES: Final = (
    WriteRoute(re.compile(r"/v1/accounts"), "accounts_kyc_basic", accounts.create_account),
    WriteRoute(re.compile(r"/v1/account_links"), "account_link", accounts.create_link),
    WriteRoute(re.compile(r"/v1/promotion_codes"), "promotion_code", promotion_codes.create),
    WriteRoute(re.compile(r"/v1/transfers"), "transfer", transfers.create_transfer),
    WriteRoute(re.compile(r"/v1/transfers/[^/]+/reversals"), "transfer", transfers.reverse),
)


def find(path: str) -> WriteRoute:
    """The route of a path. Raises Refused where nothing may be posted to it."""
    for route in ROUTES:
        if route.pattern.fullmatch(path):
            return route
    raise Refused(404, f"Unrecognized request URL (POST: {path}).")
