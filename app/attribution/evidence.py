"""Names found on Stripe objects, each kept once, at its earliest time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution import sessions
from app.attribution.models import Evidence
from app.attribution.promotions import used
from app.attribution.promotions.used import Use
from app.attribution.rules import Name
from app.attribution.sessions import NamedSession
from app.payments import objects
from app.payments.facts import ReadEvent
from app.payments.objects import LockedObjects
from app.stripe_events.scope import SCOPE_SQL, Scope

_KEEP_EARLIEST = """
    ON CONFLICT ON CONSTRAINT uq_evidence_identity DO UPDATE
    SET evident_at = excluded.evident_at, stripe_event_id = excluded.stripe_event_id,
        field_path = excluded.field_path
    WHERE (excluded.evident_at, excluded.stripe_event_id) < (evidence.evident_at, evidence.stripe_event_id)
    RETURNING object_id
"""


def insert_names(session: Session, scope: Scope, locked: LockedObjects, events: Sequence[ReadEvent]) -> LockedObjects:
    """Insert every name in `events`; returns `locked` with the newly named objects.

    For a name on a promotion these are the objects on which the promotion was used; they are locked too.
    """
    newly_named = {row.object_id for row in bulk.insert(session, Evidence, _rows(scope, events), tail=_KEEP_EARLIEST)}
    promotions = {object_id for object_id in newly_named if used.is_promotion(object_id)}
    if not promotions:
        return replace(locked, newly_named=frozenset(newly_named))
    users = used.users_of(session, scope.organization_id, promotions, livemode=scope.livemode).get(scope, set())
    return objects.lock_more(session, scope, locked, newly_named | users)


def _rows(scope: Scope, events: Sequence[ReadEvent]) -> list[dict[str, Any]]:
    """A row for each name, at its earliest time."""
    scoped = scope.parameters()
    earliest: dict[tuple[str, ...], dict[str, Any]] = {}
    for event in events:
        for name in event.reading.names:
            identity = (name.object_id, name.carrier, name.name, name.session_id, name.refers_to)
            row = {
                "id": ids.new(),
                **scoped,
                "object_id": name.object_id,
                "carrier": name.carrier,
                "name": name.name,
                "session_id": name.session_id,
                "refers_to": name.refers_to,
                "field_path": name.field_path,
                "stripe_event_id": event.stripe_id,
                "evident_at": event.evident_at,
                "awaits_touches": bool(name.session_id),
            }
            known = earliest.get(identity)
            if known is None or _evident(row) < _evident(known):
                earliest[identity] = row
    return [earliest[identity] for identity in sorted(earliest)]


def _evident(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return (row["evident_at"], row["stripe_event_id"])


_LOAD = text(f"""
    SELECT object_id, carrier, name, session_id, field_path, stripe_event_id, evident_at, refers_to FROM evidence
    WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids)
""")

_NAMED = text(f"""
    SELECT DISTINCT object_id FROM evidence WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND refers_to = ''
""")


def objects_with_names(session: Session, scope: Scope, object_ids: Iterable[str]) -> set[str]:
    """Those of these objects on which a name was found, or a promotion that belongs to a partner."""
    ordered_ids = sorted(object_ids)
    named = set(session.scalars(_NAMED, {**scope.parameters(), "object_ids": ordered_ids}))
    unnamed = [object_id for object_id in ordered_ids if object_id not in named]
    return named | used.names_on(session, scope, used.uses_of(session, scope, unnamed)).keys()


def load_and_store_touches(session: Session, scope: Scope, object_ids: Iterable[str]) -> dict[str, list[Name]]:
    """The names that count on these objects, by object id.

    These are the names found there, the partners whose promotions were used, and the partners whose links led to the
    sessions. Effects: inserts the touchpoints of those sessions into `session_touches`, which are kept for ever.
    """
    found: dict[str, list[Name]] = {}
    uses, named_sessions = [], []
    ordered_ids = sorted({object_id for object_id in object_ids if object_id})
    for row in session.execute(_LOAD, {**scope.parameters(), "object_ids": ordered_ids}) if ordered_ids else ():
        place = (row.field_path, row.stripe_event_id, row.evident_at)
        if row.refers_to:
            uses.append(Use(row.object_id, row.refers_to, *place))
        if row.session_id:
            named_sessions.append(
                NamedSession(row.object_id, row.carrier, row.session_id, row.field_path, row.stripe_event_id)
            )
        if row.name:
            name = Name(row.object_id, row.carrier, row.name, *place, session_id=row.session_id)
            found.setdefault(name.object_id, []).append(name)
    for derived in (
        used.names_on(session, scope, uses),
        sessions.store_touches(session, scope.organization_id, named_sessions),
    ):
        for object_id, names in derived.items():
            found.setdefault(object_id, []).extend(names)
    return found
