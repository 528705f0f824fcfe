"""New ids for sample events: the same old id becomes the same new one everywhere in one `Renaming`.

So the same recorded events can be sent repeatedly, each time for a new customer, and still belong together.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# A prefix in lower case, then a tail with a digit or a capital: `in_1Abc…`, `cs_test_a1B2…`, but not
# `requires_confirmation`. A value of another form is an id if its key is `id`.
STRIPE_ID: Final = re.compile(r"(?P<prefix>[a-z]+(?:_[a-z]+)*_)(?=[A-Za-z]*[0-9A-Z])[A-Za-z0-9]{8,}")
TAIL_BYTES: Final = 12
MERCHANTS_OWN: Final = frozenset({"metadata", "client_reference_id"})
"""Text of the merchant, in which a partner's name must not change."""
KINDS: Final = {
    "invoice": "invoice",
    "payment_intent": "payment_intent",
    "charge": "charge",
    "latest_charge": "charge",
    "customer": "customer",
    "subscription": "subscription",
}
"""The kind of object that a reference with this key names."""

Event = dict[str, Any]


@dataclass
class _Renamed:
    """An event with a new id, in each API version."""

    new_id: str
    versions: dict[str | None, Event] = field(default_factory=dict)

    def is_also(self, event: Event) -> bool:
        """Whether `event` is the same event, perhaps in another API version."""
        return self.versions.setdefault(event.get("api_version"), event) == event


class Renaming:
    """Old ids and their new ids."""

    def __init__(self) -> None:
        self._new_ids: dict[tuple[str, str], str] = {}
        self._events: dict[tuple[str, str | None, str | None], list[_Renamed]] = {}

    def learn(self, document: Any) -> None:
        """Collect the ids of every object in `document`, also those that do not look like Stripe's.

        Call it for all documents before the first is renamed, because they may refer to each other's objects.
        """
        for key, kind, value in _walk(document):
            if isinstance(value, str) and value and (key == "id" or STRIPE_ID.fullmatch(value)):
                self._new_ids.setdefault(_identity(kind, value), _fresh(value))

    def rename_event(self, event: Event) -> Event:
        """`event` with every collected id replaced, and with a new id of its own.

        Recorded samples often have the same id for all events. Different events get different ids, because a receiver
        stores an id once. The same event again, or in another API version, gets the same id.
        """
        document = event.get("data", {}).get("object", {})
        alike = self._events.setdefault((event["id"], event.get("type"), document.get("id")), [])
        known = next((candidate for candidate in alike if candidate.is_also(event)), None)
        if known is None:
            known = _Renamed(_fresh(event["id"]), {event.get("api_version"): event})
            alike.append(known)
        return {**self.rename(event), "id": known.new_id}

    def rename(self, document: Any, kind: str = "") -> Any:
        """`document`, or a reference to an object of `kind`, with every collected id replaced."""
        if isinstance(document, dict):
            return {
                key: value if key in MERCHANTS_OWN else self.rename(value, _kind(document, key))
                for key, value in document.items()
            }
        if isinstance(document, list):
            return [self.rename(item, kind) for item in document]
        return self._new_ids.get(_identity(kind, document), document) if isinstance(document, str) else document


def with_mode(document: Any, *, livemode: bool) -> Any:
    """`document` with every `livemode` in it set."""
    if isinstance(document, dict):
        return {
            key: livemode if key == "livemode" else with_mode(value, livemode=livemode)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [with_mode(item, livemode=livemode) for item in document]
    return document


def _walk(document: Any, key: str = "", kind: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every plain value in `document` with its key and the kind of object it would name."""
    if key in MERCHANTS_OWN:
        return
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _walk(value, name, _kind(document, name))
    elif isinstance(document, list):
        for item in document:
            yield from _walk(item, key, kind)
    else:
        yield key, kind, document


def _kind(parent: dict[str, Any], key: str) -> str:
    return str(parent.get("object") or "") if key == "id" else KINDS.get(key, "")


def _identity(kind: str, old: str) -> tuple[str, str]:
    """The identity of an id. In anonymous recordings, objects of different kinds may have the same id."""
    return ("" if STRIPE_ID.fullmatch(old) else kind, old)


def _fresh(old: str) -> str:
    looks_familiar = STRIPE_ID.fullmatch(old)
    prefix = looks_familiar["prefix"] if looks_familiar else f"{old}-"
    return prefix + secrets.token_hex(TAIL_BYTES)
