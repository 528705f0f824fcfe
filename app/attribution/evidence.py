"""Names found on Stripe objects, each kept once, at its earliest time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution import sessions
from app.attribution.carriers import PROMOTION_CODE
from app.attribution.models import Evidence
from app.attribution.promotions import used
from app.attribution.promotions.used import Use
from app.attribution.rules import Name
from app.attribution.sessions import NamedSession
from app.attribution.signups import recognized, references
from app.attribution.signups.stated import Recognized
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

    For a name on a promotion these are the objects on which the promotion was used, and for a new address of a customer
    the objects that customer sign-ups may recognize by it; they are locked too.
    """
    newly_named = {row.object_id for row in bulk.insert(session, Evidence, _rows(scope, events), tail=_KEEP_EARLIEST)}
    others = set()
    if promotions := {object_id for object_id in newly_named if used.is_promotion(object_id)}:
        users = used.users_of(session, scope.organization_id, promotions, livemode=scope.livemode)
        others |= users.get(scope, set())
    if locked.with_new_address:
        others |= recognized.newly_recognizable(session, scope, locked.with_new_address)
    if not others:
        return replace(locked, newly_named=frozenset(newly_named))
    return objects.lock_more(session, scope, locked, newly_named | others)


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


# Sign-ups are read by the same statement, so that reading them costs nothing where there are none.
_LOAD = text(f"""
    SELECT object_id, carrier, name, session_id, field_path, stripe_event_id, evident_at, refers_to,
           CAST(NULL AS uuid) AS signup_id, 0 AS distance
    FROM evidence WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids)
    UNION ALL
    SELECT object_id, '', '', '', field_path, stripe_event_id, NULL, '', signup_id, distance
    FROM ({recognized.BY_ANY_WAY}) AS belonging
""")

_NAMED = text(f"""
    SELECT object_id FROM evidence WHERE {SCOPE_SQL} AND object_id = ANY(:object_ids) AND refers_to = ''
    UNION
    SELECT object_id FROM ({recognized.BY_ANY_WAY}) AS belonging
""")


def objects_with_names(session: Session, scope: Scope, object_ids: Iterable[str]) -> set[str]:
    """Those of these objects on which a name was found, or a promotion that belongs to a partner."""
    ordered_ids = sorted(object_ids)
    named = set(session.scalars(_NAMED, {**scope.parameters(), "object_ids": ordered_ids}))
    unnamed = [object_id for object_id in ordered_ids if object_id not in named]
    return named | used.names_on(session, scope, used.uses_of(session, scope, unnamed)).keys()


def load_and_store_touches(session: Session, scope: Scope, object_ids: Iterable[str]) -> dict[str, list[Name]]:
    """The names that count on these objects, by object id.

    These are the names found there, the partners whose promotions were used, the partners whose links led to the
    sessions, and the partners of the customer sign-ups that the objects belong to.

    Effects: inserts the touchpoints of those sessions into `session_touches`, which are kept for ever.
    """
    found: dict[str, list[Name]] = {}
    uses: list[Use] = []
    named_sessions: list[NamedSession] = []
    belonging: list[Recognized] = []
    ordered_ids = sorted({object_id for object_id in object_ids if object_id})
    for row in session.execute(_LOAD, {**scope.parameters(), "object_ids": ordered_ids}) if ordered_ids else ():
        place = (row.field_path, row.stripe_event_id)
        signup_id = row.signup_id or (references.sign_up_in(row.refers_to) if row.refers_to else None)
        if signup_id is not None:
            belonging.append(Recognized(row.object_id, signup_id, row.distance, *place))
        elif row.refers_to and row.carrier == PROMOTION_CODE:
            uses.append(Use(row.object_id, row.refers_to, *place, row.evident_at))
        if row.session_id:
            named_sessions.append(NamedSession(row.object_id, row.carrier, row.session_id, *place))
        if row.name:
            name = Name(row.object_id, row.carrier, row.name, *place, row.evident_at, session_id=row.session_id)
            found.setdefault(name.object_id, []).append(name)
    for derived in (
        used.names_on(session, scope, uses),
        sessions.store_touches(session, scope.organization_id, named_sessions),
        recognized.names_on(session, scope, belonging) if belonging else {},
    ):
        for object_id, names in derived.items():
            found.setdefault(object_id, []).extend(names)
    return found


def insert_report(
    session: Session, scope: Scope, object_id: str, *, cause: str, occurred_at: datetime, **named: str
) -> None:
    """Insert what a new report names: a partner by `carrier` and `name`, or a customer sign-up by `refers_to`.

    The partner is credited when the report is settled.

    Args:
        object_id: the report's id; it carries no evidence yet.
        cause: `request:…`.
        occurred_at: the time of the reported conversion, from which its name counts.
        named: columns of `Evidence`.
    """
    row = {
        "id": ids.new(),
        **scope.parameters(),
        "object_id": object_id,
        "name": "",
        "session_id": "",
        "refers_to": "",
        "stripe_event_id": cause,
        "evident_at": occurred_at,
        **named,
    }
    bulk.insert(session, Evidence, [row])
