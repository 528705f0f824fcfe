"""The frame of the console's pages: one policy, the navigation that a person may use, and messages after a change."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final, TypeVar

from flask import Flask, Response, g, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.http import html
from app.immutable import immutable
from app.pages import browser
from app.pages.signed_in import SignedIn
from app.times import UTC_NAME

Answer = TypeVar("Answer", bound=AnyResponse)

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FLASH: Final = "accrual_flash"
"""The cookie with the message for the next page."""
FLASH_SECONDS: Final = 60


@immutable
class Place:
    """An entry of the navigation: its page, what it needs, and the group it is in; `also` has more pages of it."""

    name: str
    endpoint: str
    permission: str
    group: str
    also: str | None = None


PLACES: Final = (
    Place("overview", "console.overview", "commissions:read", "money"),
    Place("payments", "console.payments", "payments:read", "money"),
    Place("commissions", "console.commissions", "commissions:read", "money"),
    Place("payouts", "console.payouts", "payouts:read", "money", also="console.payout_runs"),
    Place("statements", "console.statements", "commissions:read", "money"),
    Place("partners", "console.partners", "partners:read", "program"),
    Place("programs", "console.programs", "programs:read", "program"),
    Place("events", "console.events", "events:read", "data"),
    Place("deliveries", "console.deliveries", "webhooks:read", "data"),
    Place("mails", "console.mails", "mails:read", "data"),
    Place("imports", "console.imports", "imports:read", "data"),
    Place("exports", "console.exports", "exports:read", "data"),
    Place("settings", "console.settings", "organizations:read", "settings"),
)


def install(app: Flask) -> None:
    """Let the frame's template use what it needs."""
    app.jinja_env.globals.update(is_here=is_here)


def render(template: str, signed_in: SignedIn, *, status: int = 200, zone: str = UTC_NAME, **values: Any) -> Response:
    """The page of `template` within the console, with the former request's message and this one's refusal.

    `zone`: the IANA name of the zone that times are shown in: that of the program that the page is about.
    """
    message, g.zone = _message(), zone
    response = html.page(
        template,
        status=status,
        policy=POLICY,
        signed_in=signed_in,
        navigation=navigation(signed_in),
        message=message,
        refusal=g.get("refusal"),
        **values,
    )
    if message is not None:
        browser.drop(response, FLASH)
    return response


def navigation(signed_in: SignedIn) -> list[tuple[str, list[Place]]]:
    """The places that this person may read, by group; only those whose pages exist."""
    groups: dict[str, list[Place]] = {}
    for place in PLACES:
        if signed_in.caller.may(place.permission):
            groups.setdefault(place.group, []).append(place)
    return list(groups.items())


def is_here(place: Place) -> bool:
    """Whether the present page is this place or below it."""
    own = [url_for(endpoint) for endpoint in (place.endpoint, place.also) if endpoint]
    is_below = any(request.path.startswith(f"{path}/") for path in own)
    return request.path in own or (place.name != "overview" and is_below)


def flash(response: Answer, code: str, **values: str | int) -> Answer:
    """Let the next page show the sentence `page.flash.<code>` with these values. Returns the response."""
    left = urlsafe_b64encode(json.dumps([code, values]).encode()).decode()
    browser.keep(response, FLASH, f"{left}.{browser.signature(left)}", seconds=FLASH_SECONDS, samesite="Strict")
    return response


def _message() -> tuple[str, dict[str, Any]] | None:
    """The message that a request of this session left; None: there is none, or another one made it up."""
    left, _, signature = (browser.read(FLASH) or "").rpartition(".")
    if not left or not browser.is_signed(left, signature):
        return None
    code, values = json.loads(urlsafe_b64decode(left))
    return code, values
