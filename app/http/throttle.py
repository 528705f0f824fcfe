"""Rate limits: counts requests by API key, by organization and by address, and refuses those above the limit."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from flask import Response, g, request

from app.config import Settings
from app.errors import RateLimited
from app.http import configured
from app.organizations import request_limits
from app.organizations.permissions import Caller
from app.organizations.request_limits import LimitStatus

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")
IPV6_NETWORK_BITS: Final = 64
"""Addresses are counted by /64 networks, since a provider gives each customer at least one."""


def count_caller(caller: Caller) -> None:
    """Count this request for the caller's key, and for all keys of its organization together. Raises RateLimited.

    The response's headers show the key's limit, unless the organization's is exceeded. A request whose key could not be
    counted is not counted for the organization either.
    """
    is_write = request.method not in READING
    _enforce(request_limits.count(f"key:{caller.key_id}", is_write=is_write))
    if g.limit_status is None:
        return
    organization = f"organization:{caller.organization_id}"
    refused = request_limits.count(organization, is_write=is_write, times=request_limits.KEYS_TOGETHER)
    if refused is not None:
        _enforce(refused)


def count_address() -> None:
    """Count this request for its client address. Raises RateLimited."""
    _enforce(request_limits.count(f"address:{address()}", is_write=request.method not in READING))


def count_public(route: str, *, per_minute: int) -> None:
    """Count a request to a public route for its address, against the route's own limit.

    Raises:
        RateLimited: the address has sent more than `per_minute` requests to this route within the last minute.
    """
    _enforce(request_limits.count_as(route, f"address:{address()}", per_minute=per_minute))


def add_headers(response: Response) -> None:
    """Add the rate-limit headers to a response, if its request was counted."""
    limit_status: LimitStatus | None = g.get("limit_status")
    if limit_status is not None:
        response.headers.update(limit_status.headers())


def address() -> str:
    """The client address of the request: an IPv4 address, or the /64 network of an IPv6 address.

    `X-Forwarded-For` is used only if it was sent by a proxy of `ACCRUAL_TRUSTED_PROXIES`: it is read from the right, up
    to the first address that is not such a proxy.
    """
    settings = configured.settings()
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    client = _without_port(request.remote_addr or "")
    while chain and is_trusted(client, settings):
        client = _without_port(chain.pop()) or client
    return _network(client)


def _enforce(limit_status: LimitStatus | None) -> None:
    g.limit_status = limit_status
    if limit_status is not None and limit_status.is_exceeded:
        limit = limit_status.limit
        raise RateLimited(f"more than {limit} such requests a minute; retry after the seconds in Retry-After")


def _without_port(text: str) -> str:
    """The address without a port: some proxies write `203.0.113.9:5678` and `[2001:db8::1]:443`."""
    with_port = WITH_PORT.fullmatch(text)
    return (with_port[1] or with_port[2]) if with_port else text


def is_trusted(text: str, settings: Settings) -> bool:
    """Whether this address is in `ACCRUAL_TRUSTED_PROXIES`."""
    parsed = _parse(text)
    return parsed is not None and any(parsed in network for network in settings.trusted_proxies)


def _network(text: str) -> str:
    parsed = _parse(text)
    if parsed is None:
        return "unknown"
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(ip_network((parsed, IPV6_NETWORK_BITS), strict=False))


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `text`; an IPv4 address written as IPv6 (`::ffff:203.0.113.9`) becomes IPv4. None if invalid."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
