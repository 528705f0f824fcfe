"""What a program may say of itself: its status, addresses, minimums and ladder. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from app import currencies
from app.errors import Conflict, InvalidRequest

ProgramStatus = Literal["draft", "active", "paused", "archived"]

HOST_PATTERN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?")
HOST_LENGTH: Final = 260
MOST_SHOWN: Final = 40
"""Characters of a refused value that its refusal repeats."""
NEXT_STATUSES: Final[Mapping[str, tuple[ProgramStatus, ...]]] = {
    "draft": ("active", "archived"),
    "active": ("paused", "archived"),
    "paused": ("active", "archived"),
    "archived": ("paused",),
}
"""Nothing becomes a draft again; what was archived comes back paused, so that nobody earns by a slip."""
SIGNAL_OF: Final[Mapping[str, str]] = {
    "event": "conversion_event_name",
    "entitlement": "conversion_entitlement_id",
}
"""The field that says what a conversion of such a program must carry; an amount is the signal of kind payment."""


def refuse_transition(status: str, wanted: str) -> None:
    """Let a program go from `status` to `wanted`, or say why not. Raises Conflict `status_refused`."""
    if wanted != status and wanted not in NEXT_STATUSES[status]:
        allowed = " or ".join(NEXT_STATUSES[status])
        raise Conflict(
            f"status {wanted!r} is not possible: a program that is {status} can become {allowed}",
            code="status_refused",
            param="status",
        )


def valid_currency(text: str, *, param: str = "currency") -> str:
    """`text` as a currency is stored: its ISO 4217 code in lower case. Raises InvalidRequest."""
    currency = text.strip().lower()
    if currency not in currencies.KNOWN:
        given = text[:MOST_SHOWN]
        raise InvalidRequest(f"{param} {given!r} is no known currency; give an ISO 4217 code, such as usd", param=param)
    return currency


def valid_minimums(given: Mapping[str, int]) -> dict[str, int]:
    """Minimum payouts by currency. Raises InvalidRequest."""
    return {valid_currency(currency, param="minimum_payouts"): minor for currency, minor in sorted(given.items())}


def valid_landing_url(url: str | None) -> str | None:
    """An address that browsers may be sent to, without name or password in it. Raises InvalidRequest."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host = parts.netloc.lower()
    except ValueError:
        raise _no_address() from None
    if parts.scheme not in {"http", "https"} or not _is_host(host) or not url.isascii() or re.search(r"\s", url):
        raise _no_address()
    return url


def valid_hosts(given: Sequence[str]) -> list[str]:
    """Hosts, each with a port or without, as they are compared. Raises InvalidRequest."""
    hosts = [host.strip().lower() for host in given]
    for position, host in enumerate(hosts):
        if not _is_host(host):
            param = f"landing_hosts.{position}"
            raise InvalidRequest(f"{param} must be a host, such as shop.example.com", param=param)
    return sorted(set(hosts))


def valid_ladder(given: Sequence[Mapping[str, Any]]) -> list[dict[str, int]]:
    """A multi-level ladder in order: levels 1, 2, 3 … without a gap. Raises InvalidRequest.

    Example: `[{"level": 2, "bps": 200}, {"level": 1, "bps": 500}]` gives level 1, then level 2.
    """
    steps = ({"level": int(step["level"]), "bps": int(step["bps"])} for step in given)
    ladder = sorted(steps, key=lambda step: step["level"])
    if [step["level"] for step in ladder] != list(range(1, len(ladder) + 1)):
        raise InvalidRequest("multi_level must have levels 1, 2, 3 … each once, without a gap", param="multi_level")
    return ladder


def refuse_missing_signal(kind: str, event_name: str | None, entitlement_id: str | None) -> None:
    """Refuse a kind of conversion without that which proves one. Raises InvalidRequest."""
    signals = {"conversion_event_name": event_name, "conversion_entitlement_id": entitlement_id}
    needed = SIGNAL_OF.get(kind)
    if needed is not None and not signals[needed]:
        raise InvalidRequest(f"{needed} is required where conversion_kind is {kind}", param=needed)


def _is_host(host: str) -> bool:
    return len(host) <= HOST_LENGTH and HOST_PATTERN.fullmatch(host) is not None


def _no_address() -> InvalidRequest:
    return InvalidRequest("landing_url must be an http or https address", param="landing_url")
