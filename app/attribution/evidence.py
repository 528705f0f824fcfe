"""Names found on Stripe objects, each kept once, at its earliest time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution.models import Evidence
from app.attribution.rules import Name
from app.payments.facts import ReadEvent
from app.stripe_events.scope import SCOPE_SQL, Scope

_KEEP_EARLIEST = """
    ON CONFLICT ON CONSTRAINT uq_evidence_identity DO UPDATE
    SET evident_at = excluded.evident_at, stripe_event_id = excluded.stripe_event_id,
        field_path = excluded.field_path
    WHERE (excluded.evident_at, excluded.stripe_event_id) < (evidence.evident_at, evidence.stripe_event_id)
    RETURNING object_id
"""


def record(session: Session, scope: Scope, events: Sequence[ReadEvent]) -> set[str]:
    """Keep every name in `events`, and return the ids of the objects about which something new was learned.

    Expects the locks of those objects.
    """
    scoped = scope.parameters()
    earliest: dict[tuple[str, ...], dict[str, Any]] = {}
    for event in events:
        for found in event.reading.names:
            identity = (found.object_id, found.carrier, found.name, found.session_id)
            row = {
                "id": ids.new(),
                **scoped,
                "object_id": found.object_id,
                "carrier": found.carrier,
                "name": found.name,
                "session_id": found.session_id,
                "field_path": found.field_path,
                "stripe_event_id": event.stripe_id,
                "evident_at": event.evident_at,
            }
            known = earliest.get(identity)
            if known is None or _age(row) < _age(known):
                earliest[identity] = row
    rows = [earliest[identity] for identity in sorted(earliest)]
    return {row.object_id for row in bulk.insert(session, Evidence, rows, tail=_KEEP_EARLIEST)}


def _age(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return (row["evident_at"], row["stripe_event_id"])


_LOAD = text(f"""
    SELECT object_id, carrier, name, field_path, stripe_event_id, evident_at FROM evidence
    WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND name <> ''
""")


_NAMED = text(f"SELECT DISTINCT object_id FROM evidence WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids)")


def objects_with_names(session: Session, scope: Scope, object_ids: Iterable[str]) -> set[str]:
    """Those of these objects that any name was found on."""
    return set(session.scalars(_NAMED, {**scope.parameters(), "object_ids": sorted(object_ids)}))


def load(session: Session, scope: Scope, object_ids: Iterable[str]) -> dict[str, list[Name]]:
    """The names on these objects, by object id."""
    found: dict[str, list[Name]] = {}
    wanted = sorted({one for one in object_ids if one})
    if wanted:
        for row in session.execute(_LOAD, {**scope.parameters(), "object_ids": wanted}).mappings():
            found.setdefault(row["object_id"], []).append(Name(**row))
    return found
