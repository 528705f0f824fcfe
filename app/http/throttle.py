"""Rate limits: counts requests by API key, by organization and by address, and refuses those above the limit."""

from typing import Final

from flask import Response, g, request

from app.client_addresses import client_address
from app.errors import RateLimited
from app.http import configured
from app.organizations import request_limits
from app.organizations.actors import AppUser
from app.organizations.request_limits import LimitStatus

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def count_app_user(app_user: AppUser) -> None:
    """Count this request for the app user, against the limits that a key has. Raises RateLimited."""
    enforce(request_limits.count(f"app_user:{app_user.identity}", is_write=request.method not in READING))


def count_address() -> None:
    """Count this request for its client address. Raises RateLimited."""
    enforce(request_limits.count(f"address:{address()}", is_write=request.method not in READING))


def count_public(route: str, *, per_minute: int) -> None:
    """Count a request to a public route for its address, against the route's own limit.

    Raises:
        RateLimited: the address has sent more than `per_minute` requests to this route within the last minute.
    """
    enforce(request_limits.count_as(route, f"address:{address()}", per_minute=per_minute))


def add_headers(response: Response) -> None:
    """Add the rate-limit headers to a response, if its request was counted."""
    limit_status: LimitStatus | None = g.get("limit_status")
    if limit_status is not None:
        response.headers.update(limit_status.headers())


def address() -> str:
    """The client address of the request, as `client_address` gives it."""
    proxies = configured.settings().trusted_proxies
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), proxies)


def enforce(limit_status: LimitStatus | None) -> None:
    """Show this limit in the headers of the response. Raises RateLimited if it is exceeded."""
    g.limit_status = limit_status
    if limit_status is not None and limit_status.is_exceeded:
        limit = limit_status.limit
        raise RateLimited(f"more than {limit} such requests a minute; retry after the seconds in Retry-After")
