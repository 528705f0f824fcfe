"""The cookie in which a visitor's browser remembers a partner: first-party, signed, for the program's window."""

from datetime import UTC, datetime
from typing import Final

from flask import Response, request

from app.http import configured
from app.touchpoints import memory
from app.touchpoints.links import Link
from app.touchpoints.memory import Memory

DAY_SECONDS: Final = 86_400


def remembered(link: Link) -> Memory | None:
    """What the visitor's browser remembers for the link's program; None: nothing within the window.

    Of several cookies of that name (one of this host, one of the owner's domain) it is the one of the latest touch. One
    that is forged, or another owner's or program's, counts as none.
    """
    settings = configured.settings()
    if not settings.touchpoint_cookie:
        return None
    oldest = memory.oldest_in(link.window_days, datetime.now(UTC))
    read = [
        memory.read(value, link.organization_id, link.program_id, settings.secret_keys, oldest=oldest)
        for value in request.cookies.getlist(memory.cookie_name(link.organization_id))
    ]
    return max((one for one in read if one is not None), key=lambda one: one.touched_at, default=None)


def remember(response: Response, link: Link, touched: Memory) -> None:
    """Set the cookie, unless cookies are switched off. The window counts from now."""
    settings = configured.settings()
    if settings.touchpoint_cookie:
        value = memory.write(touched, link.organization_id, link.program_id, settings.secret_keys[0])
        _set(response, link, value, link.window_days * DAY_SECONDS, _domain(link))


def forget(response: Response, link: Link) -> None:
    """Delete the cookie of this host, and that of the owner's domain."""
    for domain in {None, _domain(link)}:
        _set(response, link, "", 0, domain)


def _set(response: Response, link: Link, value: str, max_age: int, domain: str | None) -> None:
    response.set_cookie(
        memory.cookie_name(link.organization_id),
        value,
        max_age=max_age,
        domain=domain,
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def _domain(link: Link) -> str | None:
    """The owner's cookie domain if this host is in it; browsers refuse a cookie of any other domain."""
    host = request.host.partition(":")[0].lower()
    domain = link.cookie_domain
    return domain if domain is not None and f".{host}".endswith(f".{domain}") else None
