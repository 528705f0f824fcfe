"""Addresses of clients, behind proxies too: what is counted and hashed of them. Pure."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Networks = Collection[IPv4Network | IPv6Network]

WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")
IPV6_NETWORK_BITS: Final = 64
"""Addresses are counted by /64 networks, since a provider gives each customer at least one."""


def client_address(peer: str, forwarded_for: str, proxies: Networks) -> str:
    """The address of a request's client: an IPv4 address, or the /64 network of an IPv6 address.

    Args:
        peer: the address that the connection comes from.
        forwarded_for: the header `X-Forwarded-For`. It is used only if it was sent by one of `proxies`: it is read from
            the right, up to the first address that is not such a proxy.
        proxies: the networks of `ACCRUAL_TRUSTED_PROXIES`.
    """
    chain = [part.strip() for part in forwarded_for.split(",")]
    client = _without_port(peer)
    while chain and is_trusted(client, proxies):
        client = _without_port(chain.pop()) or client
    return _network(client)


def is_trusted(text: str, proxies: Networks) -> bool:
    """Whether this address is in one of the networks."""
    parsed = _parse(text)
    return parsed is not None and any(parsed in network for network in proxies)


def _without_port(text: str) -> str:
    """The address without a port: some proxies write `203.0.113.9:5678` and `[2001:db8::1]:443`."""
    with_port = WITH_PORT.fullmatch(text)
    return (with_port[1] or with_port[2]) if with_port else text


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
