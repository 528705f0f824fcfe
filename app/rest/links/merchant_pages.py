"""Requests that scripts of merchants' pages send: which pages may send them, and how their bodies are read."""

from typing import Final

from flask import Response, request
from werkzeug.exceptions import BadRequest

from app.errors import Forbidden, InvalidRequest
from app.http import bodies
from app.touchpoints import targets
from app.touchpoints.links import Link

LONGEST_BODY_BYTES: Final = 32 * 1024
PREFLIGHT_SECONDS: Final = 600
MAX_SHOWN: Final = 100


def read_plain_text() -> None:
    """Read the body as JSON whatever its content type, because beacons can send it only as plain text.

    Raises InvalidRequest.
    """
    if request.method != "POST":
        return
    request.max_content_length = LONGEST_BODY_BYTES
    try:
        request.get_json(force=True)
    except (BadRequest, RecursionError):
        raise InvalidRequest("the body is not JSON, or nested too deep") from None
    bodies.check_request()


def is_own_origin(link: Link, origin: str) -> bool:
    """Whether an origin is a page of the program's: on its hosts, and https if its landing page is."""
    return targets.is_allowed(origin, link.hosts, link.landing_url)


def refuse_others(link: Link) -> None:
    """Refuse a request of a page that is not the program's; one without `Origin` comes from a server. Raises Forbidden.

    A page of a sibling host is refused too, to which the browser gives the visitor's cookie as to the program's own.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not is_own_origin(link, origin):
        raise Forbidden(
            f"the page {origin[:MAX_SHOWN]!r} is not one of the program's; its owner can add the host to landing_hosts",
            code="origin_refused",
        )


def allow(response: Response, methods: str, *, with_credentials: bool) -> None:
    """Let the page that sent the request read the response (CORS); `with_credentials` with the browser's cookies."""
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    headers["Access-Control-Allow-Methods"] = methods
    headers["Access-Control-Allow-Headers"] = "Content-Type"
    headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    if with_credentials:
        headers["Access-Control-Allow-Credentials"] = "true"
