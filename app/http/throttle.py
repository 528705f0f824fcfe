"""Requests are counted and, if too many, refused: by the key they came with, else by the address they came from."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from uuid import UUID

from flask import Response, current_app, g, request

from app.config import Settings
from app.errors import RateLimited
from app.organizations import request_limits
from app.organizations.request_limits import LimitStatus

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")
IPV6_NETWORK_BITS: Final = 64
"""One customer of a provider has at least so many addresses to himself."""


def count(who: str) -> None:
    """Count this request for `who`, as a read or a write by its method. Raises RateLimited."""
    _keep_to(request_limits.count(who, is_write=request.method not in READING))


def count_organization(organization_id: UUID) -> None:
    """Count this request for all keys of the organization together. Raises RateLimited.

    The answer goes on telling where the key stands, unless it is this limit that is met. A request whose key could not
    be counted is not counted here either.
    """
    if g.get("standing") is None:
        return
    standing = request_limits.count_together(f"organization:{organization_id}", is_write=request.method not in READING)
    if standing is not None and standing.is_exceeded:
        _keep_to(standing)


def count_address() -> None:
    """As `count`, for the address the request came from."""
    count(f"address:{address()}")


def count_public(what: str, *, per_minute: int) -> None:
    """Count a request to a public route, named `what`, for its address against a limit of its own.

    Raises:
        RateLimited: the address has asked for it `per_minute` times within the last minute.
    """
    _keep_to(request_limits.count_as(what, f"address:{address()}", per_minute=per_minute))


def tell(response: Response) -> None:
    """Say in the answer where the caller stands; nothing if the request was not counted."""
    standing: LimitStatus | None = g.get("standing")
    if standing is not None:
        response.headers.update(standing.headers())


def address() -> str:
    """Who asks, as the network says: an IPv4 address, or the network of an IPv6 one.

    `X-Forwarded-For` counts only as far as proxies of `ACCRUAL_TRUSTED_PROXIES` vouch for it: read from the right, the
    first address that is none of theirs.
    """
    settings: Settings = current_app.extensions["accrual_settings"]
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    asking = _without_port(request.remote_addr or "")
    while chain and is_trusted(asking, settings):
        asking = _without_port(chain.pop()) or asking
    return _network(asking)


def _keep_to(standing: LimitStatus | None) -> None:
    g.standing = standing
    if standing is not None and standing.is_exceeded:
        raise RateLimited(f"more than {standing.limit} such requests a minute; retry after the seconds in Retry-After")


def _without_port(text: str) -> str:
    """The address alone: some proxies write `203.0.113.9:5678` and `[2001:db8::1]:443`."""
    with_port = WITH_PORT.fullmatch(text)
    return (with_port[1] or with_port[2]) if with_port else text


def is_trusted(text: str, settings: Settings) -> bool:
    """Whether this address is one of `ACCRUAL_TRUSTED_PROXIES`."""
    asking = _read(text)
    return asking is not None and any(asking in network for network in settings.trusted_proxies)


def _network(text: str) -> str:
    asking = _read(text)
    if asking is None:
        return "unknown"
    if isinstance(asking, IPv4Address):
        return str(asking)
    return str(ip_network((asking, IPV6_NETWORK_BITS), strict=False))


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `text`; an IPv4 one also where a socket for both writes it as IPv6, `::ffff:203.0.113.9`."""
    try:
        asking = ip_address(text)
    except ValueError:
        return None
    return (asking.ipv4_mapped or asking) if isinstance(asking, IPv6Address) else asking
