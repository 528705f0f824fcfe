"""Parses and checks the envelope of a Stripe event before it is stored."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from app.errors import InvalidRequest

THIN: Final = "v2.core.event"
ENVELOPES: Final = ("event", THIN)
"""Snapshot events, and thin events, which have no data."""
LATEST_SECONDS: Final = 2**33
_WORD = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def parse(body: str) -> dict[str, Any]:
    """The event in `body`, its `created` as Unix seconds.

    Raises:
        InvalidRequest: it is not JSON, or not a Stripe event.
    """
    try:
        event = orjson.loads(body)
    except ValueError:  # half a surrogate pair and huge numbers too, which the slower parser accepts
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            raise InvalidRequest("The body is not JSON.") from None
    if not isinstance(event, dict) or event.get("object") not in ENVELOPES:
        raise InvalidRequest("The body is not a Stripe event.")
    for name in ("id", "type"):
        if not is_word(event.get(name)):
            raise InvalidRequest(f"The event's {name} is missing or malformed.", param=name)
    if event["object"] == THIN:
        event.setdefault("account", event.get("context"))
    for name in ("account", "api_version"):
        if event.get(name) is not None and not is_word(event[name]):
            raise InvalidRequest(f"The event's {name} is malformed.", param=name)
    event["created"] = _seconds(event.get("created"))
    return event


def occurred_at(event: Mapping[str, Any]) -> datetime:
    """The time of an event that `parse` returned."""
    return datetime.fromtimestamp(event["created"], UTC)


def object_id(event: Mapping[str, Any]) -> str:
    """The id of the object that the event is about; '' if it has none."""
    data = event.get("data")
    document = data.get("object") if isinstance(data, dict) else event.get("related_object")
    found = document.get("id") if isinstance(document, dict) else None
    return str(found) if is_word(found) else ""


def is_word(value: object) -> bool:
    """Whether `value` can be an id: printable ASCII text without spaces, at most 255 characters."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _seconds(created: object) -> int:
    """Unix seconds of an event's `created`: a number in snapshot events, ISO 8601 text in thin ones."""
    if isinstance(created, str):
        try:
            created = int(datetime.fromisoformat(created).astimezone(UTC).timestamp())
        except (ValueError, OverflowError):
            created = None
    if not isinstance(created, int) or isinstance(created, bool) or not 0 <= created < LATEST_SECONDS:
        raise InvalidRequest("The event's created is missing or malformed.", param="created")
    return created
