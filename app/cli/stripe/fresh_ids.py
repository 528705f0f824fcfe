"""Sample events with ids nobody has seen: the same old id becomes the same new one everywhere in one `Renaming`.

So one recorded story can be sent again and again, each time as a new customer's, and its events still belong together.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# A prefix in lower case, then a tail with a digit or a capital: `in_1Abc…`, `cs_test_a1B2…`, but not
# `requires_confirmation`. What looks otherwise is an id where it stands under the key `id`.
STRIPE_ID: Final = re.compile(r"(?P<prefix>[a-z]+(?:_[a-z]+)*_)(?=[A-Za-z]*[0-9A-Z])[A-Za-z0-9]{8,}")
TAIL_BYTES: Final = 12
SOMEBODY_ELSES: Final = frozenset({"metadata", "client_reference_id"})
"""What the merchant wrote: a partner's name in there must stay what it is."""
KINDS: Final = {
    "invoice": "invoice",
    "payment_intent": "payment_intent",
    "charge": "charge",
    "latest_charge": "charge",
    "customer": "customer",
    "subscription": "subscription",
}
"""What kind of object a reference under this key names."""

Event = dict[str, Any]


@dataclass
class _Renamed:
    """An event that was given a new id, in each API version it was met in."""

    new_id: str
    versions: dict[str | None, Event] = field(default_factory=dict)

    def is_also(self, event: Event) -> bool:
        """Whether `event` is this one again, or its twin in another API version."""
        return self.versions.setdefault(event.get("api_version"), event) == event


class Renaming:
    """Old ids and the new ones given for them."""

    def __init__(self) -> None:
        self._new_ids: dict[tuple[str, str], str] = {}
        self._events: dict[tuple[str, str | None, str | None], list[_Renamed]] = {}

    def learn(self, document: Any) -> None:
        """Notice the ids of every object in `document`, also such as do not look like Stripe's.

        Learn all documents before renaming the first, because one may name an object that another one holds.
        """
        for key, kind, value in _walk(document):
            if isinstance(value, str) and value and (key == "id" or STRIPE_ID.fullmatch(value)):
                self._new_ids.setdefault(_identity(kind, value), _fresh(value))

    def rename_event(self, event: Event) -> Event:
        """`event` with every id it was taught replaced, and an id of its own.

        Recorded samples often call all their events alike. Those that differ get different ids, for a receiver keeps
        an id once; the same event again, or in another API version, keeps its one.
        """
        document = event.get("data", {}).get("object", {})
        alike = self._events.setdefault((event["id"], event.get("type"), document.get("id")), [])
        known = next((one for one in alike if one.is_also(event)), None)
        if known is None:
            known = _Renamed(_fresh(event["id"]), {event.get("api_version"): event})
            alike.append(known)
        return {**self.rename(event), "id": known.new_id}

    def rename(self, document: Any, kind: str = "") -> Any:
        """`document`, or a reference to an object of `kind`, with every id it was taught replaced."""
        if isinstance(document, dict):
            return {
                key: value if key in SOMEBODY_ELSES else self.rename(value, _kind(document, key))
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
    if key in SOMEBODY_ELSES:
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
    """What tells two ids apart. Where a recording was made anonymous, objects of different kinds share one."""
    return ("" if STRIPE_ID.fullmatch(old) else kind, old)


def _fresh(old: str) -> str:
    looks_familiar = STRIPE_ID.fullmatch(old)
    prefix = looks_familiar["prefix"] if looks_familiar else f"{old}-"
    return prefix + secrets.token_hex(TAIL_BYTES)
