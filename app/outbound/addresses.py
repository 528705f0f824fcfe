"""Which URLs and addresses Accrual may send to, so that no one can use it to reach an internal network. Pure.

A URL is checked when it is entered, and again before every request; the addresses of its host are checked after every
look-up. The request then goes to a checked address, never to the name.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from app.errors import AddressRefused
from app.immutable import immutable

LONGEST_URL: Final = 2048
PORTS: Final = {"https": 443, "http": 80}
PRINTABLE: Final = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII without the backslash, which some programs read as a slash."""
HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.IGNORECASE)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only IPv6 addresses assigned to hosts of the Internet. Source: IANA, "IPv6 Global Unicast Address Space".

`is_global` alone accepts others: Python has it that what is not private is global, multicast and `::127.0.0.1` too.
"""
RESERVED: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Further networks of no host, of which not every supported Python knows: for protocols (RFC 6890), for relays of 6to4
(RFC 7526), for examples (RFC 9637)."""
WRAPPED: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
"""IPv6 addresses that contain an IPv4 address, and how many bits follow it: IPv4-mapped, translated, NAT64, 6to4."""

Address = IPv4Address | IPv6Address


@immutable
class Target:
    """A URL in the parts a request needs.

    Attributes:
        host: a name or an address, without brackets.
        path: the path with the query, beginning with a slash.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header `Host`: without the port if it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, *, allow_private: bool) -> Target:
    """The parts of a URL that may be sent to, as far as the URL itself says.

    Args:
        allow_private: whether plain http, ports other than 443 and private addresses are allowed.

    Raises:
        AddressRefused: `url_too_long`, `url_unreadable`, `url_not_https`, `url_with_user`, `url_port`, or, if its host
            is an address, `address_not_public`.
    """
    if len(url) > LONGEST_URL:
        raise AddressRefused("url_too_long", limit=LONGEST_URL)
    parts = _split(url)
    if parts.scheme not in (PORTS if allow_private else ("https",)):
        raise AddressRefused("url_not_https")
    if "@" in parts.netloc:
        raise AddressRefused("url_with_user")
    host, port = _host_and_port(parts)
    if port != PORTS["https"] and not allow_private:
        raise AddressRefused("url_port", port=port)
    if literal := _literal(host):
        require_public([literal], allow_private=allow_private)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def require_public(addresses: list[Address], *, allow_private: bool) -> None:
    """Check every address of a host. One that is not public refuses all: the next look-up could give that one first.

    Raises:
        AddressRefused: `address_not_public`, with the address.
    """
    for address in addresses:
        if not (is_public(address) or (allow_private and not _is_group(address))):
            raise AddressRefused("address_not_public", address=str(address))


def is_public(address: Address) -> bool:
    """Whether this is the address of one host of the Internet. One that contains an IPv4 address is judged by that."""
    plain = unwrapped(address)
    if _is_group(plain) or not plain.is_global or any(plain in network for network in RESERVED):
        return False
    return isinstance(plain, IPv4Address) or plain in GLOBAL_UNICAST


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address contains; any other address itself."""
    if isinstance(address, IPv6Address):
        for network, bits in WRAPPED:
            if address in network:
                return IPv4Address(int(address) >> bits & 0xFFFF_FFFF)
    return address


def _is_group(address: Address) -> bool:
    """Whether it is not one host's: multicast, broadcast, unspecified."""
    plain = unwrapped(address)
    return plain.is_multicast or plain.is_unspecified or plain == IPv4Address("255.255.255.255")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url) if PRINTABLE.fullmatch(url) else None
    except ValueError:
        parts = None
    if parts is None or not parts.netloc or parts.fragment:
        raise AddressRefused("url_unreadable")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    is_host = HOST_NAME.fullmatch(host) or _literal(host)
    if not is_host or "%" in host:
        raise AddressRefused("url_unreadable")
    return host, PORTS[parts.scheme] if port is None else port


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
