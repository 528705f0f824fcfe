"""Attributions as rows: what is recorded of a subject, and changing one's mind without forgetting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.attribution.models import Attribution
from app.attribution.rules import Name, covers
from app.partners.directory import Enrollment
from app.stripe_events.scope import SCOPE_SQL, Scope


@dataclass(frozen=True, slots=True)
class Attributed:
    """The current attribution of a subscription, a customer or a single payment."""

    id: UUID
    subject: str
    partner_id: UUID
    snapshot_id: UUID | None
    name: Name
    bound_at: datetime

    def covers(self, paid_at: datetime, enrollment: Enrollment) -> bool:
        """Whether it credits a payment of this time."""
        return covers(self.name.evident_at, enrollment.attribution_window_days, paid_at)


_LOAD = text(f"""
    SELECT id, subject, partner_id, snapshot_id, carrier, name, field_path, object_id, stripe_event_id,
           evident_at, bound_at
    FROM attributions WHERE {SCOPE_SQL} AND subject = ANY(:subjects) AND superseded_at IS NULL
""")


def current(session: Session, scope: Scope, subjects: Iterable[str]) -> dict[str, Attributed]:
    """The current attributions of `subjects`, by subject."""
    wanted = sorted({subject for subject in subjects if subject})
    rows = session.execute(_LOAD, {**scope.parameters(), "subjects": wanted}) if wanted else ()
    return {row.subject: _attributed(row) for row in rows}


def _attributed(row: Any) -> Attributed:
    name = Name(row.object_id, row.carrier, row.name, row.field_path, row.stripe_event_id, row.evident_at)
    return Attributed(row.id, row.subject, row.partner_id, row.snapshot_id, name, row.bound_at)


_SUPERSEDE = text("UPDATE attributions SET superseded_at = now() WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a subject's evidence says now: whom it credits, by what name, since which occasion."""

    subject: str
    enrollment: Enrollment
    snapshot_id: UUID | None
    name: Name
    bound_at: datetime


def replace(
    session: Session, scope: Scope, known: Mapping[str, Attributed], found: Mapping[str, Finding | None]
) -> dict[str, Attributed]:
    """Record what was found of each subject, where it differs from what is known.

    Returns:
        The new attributions by subject. A subject whose evidence credits nobody any more is only closed.
    """
    differing = {
        subject: finding for subject, finding in found.items() if not _is_same(known.get(subject), finding)
    }
    closed = [known[subject].id for subject in differing if subject in known]
    if closed:
        session.execute(_SUPERSEDE, {"ids": closed})
    fresh = {subject: _fresh(finding) for subject, finding in differing.items() if finding is not None}
    findings = [finding for finding in differing.values() if finding is not None]
    rows = [_row(scope, fresh[finding.subject], finding) for finding in findings]
    bulk.insert(session, Attribution, rows)
    return fresh


def _is_same(known: Attributed | None, finding: Finding | None) -> bool:
    if known is None or finding is None:
        return known is None and finding is None
    return (known.partner_id, known.name, known.bound_at, known.snapshot_id) == (
        finding.enrollment.partner_id,
        finding.name,
        finding.bound_at,
        finding.snapshot_id,
    )


def _fresh(finding: Finding) -> Attributed:
    return Attributed(
        ids.new(),
        finding.subject,
        finding.enrollment.partner_id,
        finding.snapshot_id,
        finding.name,
        finding.bound_at,
    )


def _row(scope: Scope, attributed: Attributed, finding: Finding) -> dict[str, Any]:
    return {
        "id": attributed.id,
        **scope.parameters(),
        "partner_organization_id": finding.enrollment.partner_organization_id,
        "subject": attributed.subject,
        "program_id": finding.enrollment.program_id,
        "partner_id": attributed.partner_id,
        "snapshot_id": attributed.snapshot_id,
        "carrier": attributed.name.carrier,
        "name": attributed.name.name,
        "field_path": attributed.name.field_path,
        "object_id": attributed.name.object_id,
        "stripe_event_id": attributed.name.stripe_event_id,
        "evident_at": attributed.name.evident_at,
        "bound_at": attributed.bound_at,
    }
