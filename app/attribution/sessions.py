"""Touchpoints of the sessions that Stripe objects name.

Touchpoints expire. So when a session is first used for a decision, its touchpoints are copied into `session_touches`,
and only the copies count. A settled payment does not change when the month of the touchpoints is dropped.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.attribution.carriers import RANK, TOUCHPOINT
from app.attribution.rules import Name
from app.immutable import immutable
from app.stripe_events.scope import Scope


@immutable
class NamedSession:
    """A session named on an object; `field_path` may be the field of the partner's name beside it."""

    object_id: str
    carrier: str
    session_id: str
    field_path: str
    stripe_event_id: str


_KEEP = text("""
    INSERT INTO session_touches (session_id, organization_id, touchpoint_id, program_id, partner_id, touched_at)
    SELECT session_id, organization_id, id, program_id, partner_id, touched_at
    FROM touchpoints WHERE organization_id = :owner AND session_id = ANY(:session_ids)
    ORDER BY session_id, id
    ON CONFLICT DO NOTHING
""")

_LOAD = text("""
    SELECT session_id, touchpoint_id, partner_id, touched_at FROM session_touches
    WHERE organization_id = :owner AND session_id = ANY(:session_ids)
""")


def store_touches(session: Session, owner: UUID, named_sessions: Sequence[NamedSession]) -> dict[str, list[Name]]:
    """Insert the touchpoints of these sessions into `session_touches`; returns each as a name, by object id.

    Sessions without touchpoints have no entry.
    """
    if not named_sessions:
        return {}
    values = {"owner": owner, "session_ids": sorted({named.session_id for named in named_sessions})}
    session.execute(_KEEP, values)
    touches: dict[str, list[Any]] = {}
    for row in session.execute(_LOAD, values):
        touches.setdefault(row.session_id, []).append(row)
    found: dict[str, list[Name]] = {}
    for named_session in named_sessions:
        names = [_name(named_session, row) for row in touches.get(named_session.session_id, ())]
        found.setdefault(named_session.object_id, []).extend(names)
    return found


def _name(named_session: NamedSession, touch: Any) -> Name:
    """A touchpoint as a name; if its session is named more than once, the stronger carrier is nearer."""
    return Name(
        object_id=named_session.object_id,
        carrier=TOUCHPOINT,
        name=ids.encode(ids.PARTNER, touch.partner_id),
        field_path=re.sub(r"\.affiliate_id$", ".affiliate_session_id", named_session.field_path),
        stripe_event_id=named_session.stripe_event_id,
        evident_at=touch.touched_at,
        distance=RANK[named_session.carrier],
        session_id=touch.session_id,
        touchpoint_id=touch.touchpoint_id,
    )


@immutable
class AwaitingName:
    """A session named on an object, whose touchpoints may have been stored after the name was processed."""

    evidence_id: UUID
    scope: Scope
    object_id: str
    session_id: str


_AWAITING = text("""
    SELECT id, organization_id, account, livemode, object_id, session_id FROM evidence
    WHERE awaits_touches AND created_at < :before ORDER BY created_at LIMIT :limit
""")

# There are far fewer sessions than touchpoints, so each session is looked up in the touchpoints' index.
_UNSEEN = text("""
    SELECT DISTINCT touch.organization_id, touch.session_id FROM touchpoints AS touch
    WHERE touch.session_id = ANY(:session_ids) AND NOT EXISTS (
        SELECT FROM session_touches AS kept
        WHERE kept.session_id = touch.session_id AND kept.organization_id = touch.organization_id
          AND kept.touchpoint_id = touch.id
    )
""")

_MARK_CHECKED = text("UPDATE evidence SET awaits_touches = false WHERE id = ANY(:ids)")


def load_awaiting(session: Session, *, before: datetime, limit: int) -> list[AwaitingName]:
    """The sessions named before a time and not checked a second time yet, oldest first."""
    return [
        AwaitingName(row.id, Scope.of(row), row.object_id, row.session_id)
        for row in session.execute(_AWAITING, {"before": before, "limit": limit})
    ]


def with_unseen_touches(session: Session, awaiting: Iterable[AwaitingName]) -> list[AwaitingName]:
    """Those of `awaiting` whose session has touchpoints that no decision has used."""
    names = list(awaiting)
    session_ids = sorted({name.session_id for name in names})
    unseen = {tuple(row) for row in session.execute(_UNSEEN, {"session_ids": session_ids})}
    return [name for name in names if (name.scope.organization_id, name.session_id) in unseen]


def mark_looked_at(session: Session, awaiting: Iterable[AwaitingName]) -> None:
    """Mark these names as checked a second time, so that `load_awaiting` does not return them again."""
    session.execute(_MARK_CHECKED, {"ids": [waiting_name.evidence_id for waiting_name in awaiting]})
