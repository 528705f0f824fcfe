"""Addresses a link leads to: which are allowed, and what is added to them. Pure."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

# No user name, no backslash (browsers read it as a slash), no control character: what is compared is what is followed.
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)(?:[/?#][^\x00-\x20\x7f\\]*)?"
)
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}
LONGEST: Final = 2048


def host_of(address: str) -> str:
    """The host of an absolute http address, with its port where that is unusual; "" if it is no such address.

    Example: `https://Shop.example:443/x` gives `shop.example`, `http://127.0.0.1:8000` gives `127.0.0.1:8000`.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > LONGEST:
        return ""
    return found["host"].lower().removesuffix(_USUAL_PORTS[found["scheme"]])


def is_allowed(address: str, hosts: Collection[str], landing_url: str | None) -> bool:
    """Whether a link may lead to `address`: to the program's own hosts only, and not from https back to http.

    Args:
        address: where the link shall lead.
        hosts: the program's, as `host_of` writes them.
        landing_url: the program's landing page; where it is https, so is every page.
    """
    host = host_of(address)
    is_weaker = address.startswith("http:") and (landing_url or "").startswith("https:")
    return bool(host) and host in hosts and not is_weaker


def with_parameters(address: str, parameters: Mapping[str, str], also: Mapping[str, str]) -> str:
    """`address` with `parameters` in its query, and those of `also` that it does not have.

    What is there stays as it is written, but `parameters` take the place of their namesakes: a page reads the first.

    Example: `/?a=1#top` with `ref=jane` gives `/?a=1&ref=jane#top`.
    """
    parts = urlsplit(address)
    pieces = {piece: unquote_plus(piece.partition("=")[0]) for piece in parts.query.split("&") if piece}
    kept = [piece for piece, name in pieces.items() if name not in parameters]
    more = {name: value for name, value in also.items() if name not in pieces.values()}
    added = urlencode({**more, **parameters})
    return urlunsplit(parts._replace(query="&".join([*kept, added] if added else kept)))
