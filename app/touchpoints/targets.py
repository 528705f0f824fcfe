"""Target addresses of links: which hosts are allowed, and which query parameters are added. Pure."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

# No user name, no backslash (browsers read it as a slash), no control character: the host compared here must be the
# host a browser would open.
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)(?:[/?#][^\x00-\x20\x7f\\]*)?"
)
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
MAX_LENGTH: Final = 2048


def host_of(address: str) -> str:
    """The host of an absolute http or https address, with its port unless it is the default; "" for anything else.

    Example: `https://Shop.example:443/x` gives `shop.example`, `http://127.0.0.1:8000` gives `127.0.0.1:8000`.
    """
    parts = _ADDRESS.fullmatch(address)
    if parts is None or len(address) > MAX_LENGTH:
        return ""
    return parts["host"].lower().removesuffix(_DEFAULT_PORTS[parts["scheme"]])


def hosts_of(landing_url: str | None, landing_hosts: Collection[str]) -> frozenset[str]:
    """The hosts that a program's links may lead to: that of its landing page, and its further ones."""
    return frozenset({*landing_hosts, host_of(landing_url or "")} - {""})


def is_allowed(address: str, hosts: Collection[str], landing_url: str | None) -> bool:
    """Whether a link may lead to `address`: to the program's own hosts only, and not from https back to http.

    Args:
        address: the target the visitor asked for.
        hosts: the program's hosts, as `hosts_of` returns them.
        landing_url: the program's landing page; if it is https, `address` must be https too.
    """
    host = host_of(address)
    is_downgrade = address.startswith("http:") and (landing_url or "").startswith("https:")
    return bool(host) and host in hosts and not is_downgrade


def with_parameters(address: str, parameters: Mapping[str, str], defaults: Mapping[str, str]) -> str:
    """`address` with `parameters` added to its query, and those of `defaults` that the query does not have yet.

    Existing parameters stay as they are written, but `parameters` replace those of the same name, because a page reads
    the first of two.

    Example: `/?a=1#top` with `ref=jane` gives `/?a=1&ref=jane#top`.
    """
    parts = urlsplit(address)
    pieces = {piece: unquote_plus(piece.partition("=")[0]) for piece in parts.query.split("&") if piece}
    remaining = [piece for piece, name in pieces.items() if name not in parameters]
    missing = {name: value for name, value in defaults.items() if name not in pieces.values()}
    added = urlencode({**missing, **parameters})
    return urlunsplit(parts._replace(query="&".join([*remaining, added] if added else remaining)))
