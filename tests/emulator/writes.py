"""What may be written: transfers, behind idempotency keys that replay the first answer, errors included."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final

from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family

from . import answers
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


def create_transfer(world: World, scope: Scope, request: Request, family: Family) -> Answer:
    """`POST /v1/transfers`: money to a connected account, as far as the balance goes.

    What lacks a parameter fails validation, and that answer is not kept; an empty balance is.
    """
    amount_minor = int(_demand(request, "amount"))
    currency, destination = _demand(request, "currency"), _demand(request, "destination")
    if destination not in world.families:
        raise answers.no_such("destination", destination, "destination")
    if amount_minor > world.funds_minor.get(currency, 0):
        message = "You have insufficient available funds in your Stripe account."
        return answers.error(400, message, code="balance_insufficient")
    world.funds_minor[currency] -= amount_minor
    transfer_id = world.ids_for("transfer").fresh("tr")
    document = {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount_minor,
        "amount_reversed": 0,
        "balance_transaction": f"txn_{transfer_id}",
        "created": world.now,
        "currency": currency,
        "description": request.one("description"),
        "destination": destination,
        "destination_payment": f"py_{transfer_id}",
        "livemode": scope[1],
        "metadata": _metadata(request.params),
        "reversals": {"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{transfer_id}/reversals"},
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": request.one("transfer_group"),
    }
    refs = {"destination": destination, "transfer_group": request.one("transfer_group")}
    world.hold(scope, "transfer", transfer_id, world.now, lambda _family: document, **refs)
    world.record_event(scope, f"evt_1{transfer_id}", "transfer.created", transfer_id, world.now)
    return answers.document(document)


def _demand(request: Request, name: str) -> str:
    value = request.one(name)
    if not value:
        raise Refused(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value


def _metadata(params: Mapping[str, list[str]]) -> Document:
    return {name[9:-1]: values[-1] for name, values in params.items() if name.startswith("metadata[")}


WRITES: Final[dict[str, Write]] = {"/v1/transfers": create_transfer}
