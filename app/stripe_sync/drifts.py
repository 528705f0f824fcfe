"""The marks and differences of a reconciliation, stored with its run."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.stripe_sync.models import Drift, SeenAtStripe

_KEEP_FIRST = "ON CONFLICT ON CONSTRAINT uq_drifts_identity DO NOTHING RETURNING id"

_SEEN = text("SELECT stripe_id FROM stripe_runs_seen WHERE run_id = :run_id AND stripe_id = ANY (:ids)")


def insert_seen(session: Session, run_id: UUID, organization_id: UUID, stripe_ids: Iterable[str]) -> None:
    """Store until the run ends that Stripe listed these ids."""
    shared = {"run_id": run_id, "organization_id": organization_id}
    rows = [{"stripe_id": stripe_id, **shared} for stripe_id in sorted(set(stripe_ids))]
    bulk.insert(session, SeenAtStripe, rows, tail="ON CONFLICT DO NOTHING")


def load_seen(session: Session, run_id: UUID, stripe_ids: Iterable[str]) -> frozenset[str]:
    """Those of these ids that were stored by `insert_seen` for the run."""
    return frozenset(session.scalars(_SEEN, {"run_id": run_id, "ids": list(stripe_ids)}))


def delete_seen(session: Session, run_id: UUID) -> None:
    """Delete the ids stored by `insert_seen`, when the run has ended."""
    session.execute(text("DELETE FROM stripe_runs_seen WHERE run_id = :run_id"), {"run_id": run_id})


def insert_drifts(
    session: Session, run_id: UUID, organization_id: UUID, differences: Sequence[Mapping[str, Any]], *, are_healed: bool
) -> int:
    """Insert differences, given as mappings of columns of `Drift`; returns how many are new."""
    healed_at = datetime.now(UTC) if are_healed else None
    rows = [
        {"id": ids.new(), "organization_id": organization_id, "run_id": run_id, **difference, "healed_at": healed_at}
        for difference in differences
    ]
    added = bulk.insert(
        session, Drift, rows, tail="ON CONFLICT ON CONSTRAINT uq_drifts_identity DO NOTHING RETURNING id"
    )
    return len(added)


_DELETE_ENDED = text("""
    DELETE FROM stripe_runs_seen AS seen USING stripe_runs AS run
    WHERE run.id = seen.run_id AND run.finished_at IS NOT NULL
""")


def delete_seen_of_ended(session: Session) -> None:
    """Delete the ids stored by `insert_seen` for runs that were stopped or have failed."""
    session.execute(_DELETE_ENDED)
