"""Stripe's lists: windows of creation, cursors, pages of at most a hundred."""

from collections.abc import Sequence
from math import inf
from typing import Final

from tests.stripe_stories.documents import Document

from .answers import Refused, no_such
from .events import ShopEvent
from .requests import Request
from .resources import Resource
from .store import EARLIEST, LATEST, Held, ListFilter, Order, Shelf
from .world import World

EVENTS_KEPT_SECONDS: Final = 30 * 86_400
"""Source: Stripe API reference, "List all events"."""
_EVERYWHERE: Final = {"limit", "starting_after", "ending_before", "expand[]", "created"}
_WINDOW: Final = {"created[gt]", "created[gte]", "created[lt]", "created[lte]"}
_FURTHER: Final = {"event": {"delivery_success"}, "invoice_payment": {"payment[type]"}}


def page(world: World, shelf: Shelf, resource: Resource, request: Request) -> tuple[list[Held], bool]:
    """The page asked for, and whether there is more in its direction."""
    _refuse_unknown(resource, request)
    limit = _limit(request)
    after, before = _window(request)
    upward = request.one("ending_before")
    downward = request.one("starting_after")
    if downward:
        before = min(before, _cursor(shelf, resource, "starting_after", downward))
    if upward:
        after = max(after, _cursor(shelf, resource, "ending_before", upward))
    if resource.kind == "event":
        after = max(after, (world.now - EVENTS_KEPT_SECONDS, -inf))
    filters = ListFilter(
        resource.kind,
        _among(shelf, resource, request),
        after=after,
        before=before,
        is_upward=upward is not None,
        passes=lambda held: _passes(world, resource, request, held),
    )
    found = shelf.find(filters, limit + 1)
    has_more = len(found) > limit
    found = found[:limit]
    return (found[::-1] if upward else found), has_more


def listed(url: str, data: Sequence[Document], *, has_more: bool) -> Document:
    """Stripe's envelope of a list."""
    return {"object": "list", "data": list(data), "has_more": has_more, "url": url}


def page_of(url: str, documents: Sequence[Document], request: Request) -> Document:
    """A page of a list that an object carries itself, in its own order."""
    limit = _limit(request)
    ids = [document["id"] for document in documents]
    begin = 0
    if cursor := request.one("starting_after"):
        if cursor not in ids:
            raise no_such("line item", cursor, "starting_after")
        begin = ids.index(cursor) + 1
    return listed(url, documents[begin : begin + limit], has_more=begin + limit < len(documents))


def _refuse_unknown(resource: Resource, request: Request) -> None:
    known = _EVERYWHERE | _WINDOW | resource.filters.keys() | _FURTHER.get(resource.kind, set())
    unknown = sorted(request.params.keys() - known)
    if unknown:
        raise Refused(400, f"Received unknown parameter: {unknown[0]}", code="parameter_unknown", param=unknown[0])


def _limit(request: Request) -> int:
    given = request.one("limit")
    if given is None:
        return 10
    if not given.isdecimal() or not 1 <= int(given) <= 100:
        raise Refused(400, "This value must be between 1 and 100.", code="parameter_invalid_integer", param="limit")
    return int(given)


def _window(request: Request) -> tuple[Order, Order]:
    """The bounds of `created`, both exclusive."""
    after, before = EARLIEST, LATEST
    bounds = {name: _moment(request, name) for name in (*_WINDOW, "created") if name in request.params}
    for name, moment in bounds.items():
        if name in ("created[gte]", "created"):
            after = max(after, (moment, -inf))
        if name == "created[gt]":
            after = max(after, (moment, inf))
        if name in ("created[lte]", "created"):
            before = min(before, (moment, inf))
        if name == "created[lt]":
            before = min(before, (moment, -inf))
    return after, before


def _moment(request: Request, name: str) -> int:
    given = request.one(name) or ""
    if not given.isdecimal():
        raise Refused(400, f"Invalid integer: {given}", code="parameter_invalid_integer", param=name)
    return int(given)


def _cursor(shelf: Shelf, resource: Resource, param: str, object_id: str) -> Order:
    held = shelf.get(object_id)
    if held is None or held.kind != resource.kind:
        raise no_such(resource.noun, object_id, param)
    return held.order


def _among(shelf: Shelf, resource: Resource, request: Request) -> dict[str, set[str]]:
    among: dict[str, set[str]] = {}
    for param, field in resource.filters.items():
        if values := request.params.get(param):
            among[field] = set(values)
    if resource.kind == "event" and "type" in among:
        among["type"] = shelf.values("event", "type", among["type"])
    if resource.kind == "subscription":
        # Canceled ones are listed only when asked for. Source: Stripe API reference, "List subscriptions", `status`.
        among = among if "status" in among else among | {"status": {"active", "trialing", "past_due", "unpaid"}}
        if "all" in among["status"]:
            del among["status"]
    return among


def _passes(world: World, resource: Resource, request: Request, held: Held) -> bool:
    if resource.kind != "event":
        return True
    event: ShopEvent = world.events[held.id]
    is_delivered = request.one("delivery_success")
    if is_delivered is not None and (event.pending == 0) != (is_delivered == "true"):
        return False
    return event.is_given_in(event.family)
