"""Attributions as rows: what is recorded of a subject, and changing one's mind without forgetting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution.models import Attribution
from app.attribution.rules import Name, covers
from app.partners.finding.directory import Enrollment
from app.stripe_events.scope import SCOPE_SQL, Scope


@dataclass(frozen=True, slots=True)
class Attributed:
    """The current attribution of a subscription, a customer or a single payment.

    `bound_since` is since when, by our clock, it has been this partner's; None before it is recorded.
    """

    id: UUID
    subject: str
    program_id: UUID
    partner_id: UUID
    partner_organization_id: UUID | None
    snapshot_id: UUID | None
    name: Name
    bound_at: datetime
    bound_since: datetime | None = None

    def says_the_same_as(self, other: "Attributed") -> bool:
        """Whether both credit the same partner by the same name since the same time."""
        return (self.partner_id, self.name, self.bound_at, self.snapshot_id) == (
            other.partner_id,
            other.name,
            other.bound_at,
            other.snapshot_id,
        )

    def covers(self, paid_at: datetime, enrollment: Enrollment) -> bool:
        """Whether it credits a payment of this time."""
        return covers(self.name.evident_at, enrollment.attribution_window_days, paid_at)


_LOAD = text(f"""
    SELECT id, subject, program_id, partner_id, partner_organization_id, snapshot_id,
           carrier, name, field_path, object_id, stripe_event_id,
           session_id, touchpoint_id, evident_at, bound_at, bound_since
    FROM attributions
    WHERE {SCOPE_SQL} AND subject = ANY(:subjects) AND superseded_at IS NULL AND carrier <> 'manual'
""")


def current(session: Session, scope: Scope, subjects: Iterable[str]) -> dict[str, Attributed]:
    """The current attributions of `subjects`, by subject."""
    wanted = sorted({subject for subject in subjects if subject})
    rows = session.execute(_LOAD, {**scope.parameters(), "subjects": wanted}) if wanted else ()
    return {row.subject: _attributed(row) for row in rows}


def _attributed(row: Any) -> Attributed:
    name = Name(
        row.object_id,
        row.carrier,
        row.name,
        row.field_path,
        row.stripe_event_id,
        row.evident_at,
        session_id=row.session_id,
        touchpoint_id=row.touchpoint_id,
    )
    return Attributed(
        row.id,
        row.subject,
        row.program_id,
        row.partner_id,
        row.partner_organization_id,
        row.snapshot_id,
        name,
        row.bound_at,
        row.bound_since,
    )


def attribution(
    subject: str, enrollment: Enrollment, snapshot_id: UUID | None, name: Name, bound_at: datetime
) -> Attributed:
    """A new attribution of `subject`, not recorded yet."""
    return Attributed(
        ids.new(),
        subject,
        enrollment.program_id,
        enrollment.partner_id,
        enrollment.partner_organization_id,
        snapshot_id,
        name,
        bound_at,
    )


_SUPERSEDE = text("UPDATE attributions SET superseded_at = now() WHERE id = ANY(:ids)")


def record(
    session: Session, scope: Scope, known: Mapping[str, Attributed], found: Mapping[str, Attributed | None]
) -> dict[str, Attributed | None]:
    """Record what was found of each subject where it differs from what is known, closing the former.

    Returns:
        What changed, by subject; None for a subject whose evidence credits nobody any more.
    """
    changed: dict[str, Attributed | None] = {}
    for subject, finding in found.items():
        former = known.get(subject)
        if finding is None and former is not None:
            changed[subject] = None
        elif finding is not None and (former is None or not former.says_the_same_as(finding)):
            is_same = former is not None and former.partner_id == finding.partner_id
            since = former.bound_since if former is not None and is_same else datetime.now(UTC)
            changed[subject] = replace(finding, id=ids.new(), bound_since=since)
    closed = [known[subject].id for subject in changed if subject in known]
    if closed:
        session.execute(_SUPERSEDE, {"ids": closed})
    bulk.insert(session, Attribution, [_row(scope, one) for one in changed.values() if one is not None])
    return changed


def _row(scope: Scope, attributed: Attributed) -> dict[str, Any]:
    return {
        "id": attributed.id,
        **scope.parameters(),
        "partner_organization_id": attributed.partner_organization_id,
        "subject": attributed.subject,
        "program_id": attributed.program_id,
        "partner_id": attributed.partner_id,
        "snapshot_id": attributed.snapshot_id,
        "carrier": attributed.name.carrier,
        "name": attributed.name.name,
        "field_path": attributed.name.field_path,
        "object_id": attributed.name.object_id,
        "stripe_event_id": attributed.name.stripe_event_id,
        "session_id": attributed.name.session_id,
        "touchpoint_id": attributed.name.touchpoint_id,
        "evident_at": attributed.name.evident_at,
        "bound_at": attributed.bound_at,
        "bound_since": attributed.bound_since,
    }
