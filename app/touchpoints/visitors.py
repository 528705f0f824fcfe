"""What is stored of a visitor: hashes salted by day, and page addresses without query and fragment. Pure."""

import hmac
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from ipaddress import IPv4Network, ip_network
from typing import Final
from urllib.parse import urlsplit

IPV4_BITS: Final = 24
IPV6_BITS: Final = 48
UTM: Final = ("source", "medium", "campaign", "term", "content")
MAX_UTM_LENGTH: Final = 200
MAX_PAGE_LENGTH: Final = 500
_MACHINE: Final = re.compile(r"(?<!cu)bot\b|crawler|spider|facebookexternalhit|preview", re.IGNORECASE)
_UNSTORABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def network_hash(address: str, secret: str, at: datetime) -> str:
    """A hash of the network an IP address is in (/24 or /48), salted by day; "" if `address` is not an IP address.

    Example: 203.0.113.7 and 203.0.113.9 give the same hash, that of `203.0.113.0/24`; tomorrow they give another.
    """
    try:
        network = ip_network(address, strict=False)
    except ValueError:
        return ""
    bits = IPV4_BITS if isinstance(network, IPv4Network) else IPV6_BITS
    wider = network.supernet(new_prefix=bits) if network.prefixlen > bits else network
    return _hash(str(wider), secret, at)


def agent_hash(agent: str, secret: str, at: datetime) -> str:
    """A hash of a user agent, salted by day; "" for an empty one."""
    return _hash(agent, secret, at) if agent else ""


def _hash(text: str, secret: str, at: datetime) -> str:
    return hmac.digest(_salt(secret, at.date()), text.encode(errors="replace"), "sha256")[:16].hex()


@lru_cache(maxsize=4)
def _salt(secret: str, day: date) -> bytes:
    return hmac.digest(secret.encode(), f"touchpoints of {day:%Y-%m-%d}".encode(), "sha256")


def is_machine(agent: str) -> bool:
    """Whether a user agent names itself as a crawler or a messenger's preview, not a person's browser."""
    return _MACHINE.search(agent) is not None


def page(address: str) -> str:
    """A web address without user, password, query and fragment, because those may hold personal data; "" for others.

    Example: `https://blog.example/post?mail=a@b.example#c` gives `https://blog.example/post`.
    """
    try:
        parts = urlsplit(_UNSTORABLE.sub("", address))
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:MAX_PAGE_LENGTH]


def utm_in(parameters: Mapping[str, str]) -> dict[str, str]:
    """The `utm_…` values of a link's query: `{"source": "newsletter"}` from `utm_source=newsletter`."""
    values = {name: _UNSTORABLE.sub("", parameters.get(f"utm_{name}", ""))[:MAX_UTM_LENGTH] for name in UTM}
    return {name: value for name, value in values.items() if value}
