"""Validation of a program's settings: status, currency, addresses, minimum payouts, ladder. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from app import currencies
from app.errors import Conflict, InvalidRequest

ProgramStatus = Literal["draft", "active", "paused", "archived"]

HOST_PATTERN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?")
HOST_LENGTH: Final = 260
MAX_SHOWN: Final = 40
"""Characters of a wrong value that the error message repeats."""
NEXT_STATUSES: Final[Mapping[str, tuple[ProgramStatus, ...]]] = {
    "draft": ("active", "archived"),
    "active": ("paused", "archived"),
    "paused": ("active", "archived"),
    "archived": ("paused",),
}
"""The statuses a program can change to. No program returns to draft; an archived one can only become paused, so that
its partners do not start to earn again by mistake."""
SIGNAL_OF: Final[Mapping[str, str]] = {
    "event": "conversion_event_name",
    "entitlement": "conversion_entitlement_id",
}
"""By conversion kind, the field that names what a conversion must carry; kind payment needs no field."""


def refuse_transition(status: str, new_status: str) -> None:
    """Check that a program may change from `status` to `new_status`. Raises Conflict `status_refused`."""
    if new_status != status and new_status not in NEXT_STATUSES[status]:
        allowed = " or ".join(NEXT_STATUSES[status])
        raise Conflict(
            f"status {new_status!r} is not possible: a program that is {status} can become {allowed}",
            code="status_refused",
            param="status",
        )


def valid_currency(text: str, *, param: str = "currency") -> str:
    """`text` as a stored currency: an ISO 4217 code in lower case. Raises InvalidRequest."""
    currency = text.strip().lower()
    if currency not in currencies.known():
        shown = text[:MAX_SHOWN]
        raise InvalidRequest(
            f"{param} {shown!r} is not a known currency; give an ISO 4217 code, such as usd", param=param
        )
    return currency


def valid_minimums(minimums: Mapping[str, int]) -> dict[str, int]:
    """Minimum payouts by stored currency, sorted. Raises InvalidRequest for an unknown currency."""
    return {valid_currency(currency, param="minimum_payouts"): minor for currency, minor in sorted(minimums.items())}


def valid_landing_url(url: str | None) -> str | None:
    """`url` as `valid_address`; None for None. Raises InvalidRequest."""
    return None if url is None else valid_address(url, param="landing_url")


def valid_address(url: str, *, param: str) -> str:
    """`url` if it is an http or https address without user and password. Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.lower()
    except ValueError:
        raise _invalid_address(url, param) from None
    if parts.scheme not in {"http", "https"} or not _is_host(host) or not url.isascii() or re.search(r"\s", url):
        raise _invalid_address(url, param)
    return url


def valid_hosts(names: Sequence[str]) -> list[str]:
    """Hosts, each with or without a port, in lower case, sorted, without duplicates. Raises InvalidRequest."""
    hosts = [host.strip().lower() for host in names]
    for position, host in enumerate(hosts):
        if not _is_host(host):
            param = f"landing_hosts.{position}"
            raise InvalidRequest(
                f"{param} {host[:MAX_SHOWN]!r} is not a host; give one such as shop.example.com", param=param
            )
    return sorted(set(hosts))


def valid_ladder(levels: Sequence[Mapping[str, Any]]) -> list[dict[str, int]]:
    """A multi-level ladder sorted by level; the levels must be 1, 2, 3 … without a gap. Raises InvalidRequest.

    Example: `[{"level": 2, "bps": 200}, {"level": 1, "bps": 500}]` gives level 1, then level 2.
    """
    steps = ({"level": int(step["level"]), "bps": int(step["bps"])} for step in levels)
    ladder = sorted(steps, key=lambda step: step["level"])
    if [step["level"] for step in ladder] != list(range(1, len(ladder) + 1)):
        raise InvalidRequest("multi_level must have levels 1, 2, 3 … each once, without a gap", param="multi_level")
    return ladder


def refuse_missing_signal(kind: str, event_name: str | None, entitlement_id: str | None) -> None:
    """Check that the field of `SIGNAL_OF` is set for this conversion kind. Raises InvalidRequest."""
    signals = {"conversion_event_name": event_name, "conversion_entitlement_id": entitlement_id}
    needed = SIGNAL_OF.get(kind)
    if needed is not None and not signals[needed]:
        raise InvalidRequest(f"{needed} is required if conversion_kind is {kind}", param=needed)


def _is_host(host: str) -> bool:
    return len(host) <= HOST_LENGTH and HOST_PATTERN.fullmatch(host) is not None


def _invalid_address(url: str, param: str) -> InvalidRequest:
    shown = url[:MAX_SHOWN]
    return InvalidRequest(
        f"{param} {shown!r} is not valid; give an http or https address without user and password", param=param
    )
