"""What a reconciliation saw and found, kept with its run."""

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


def see(session: Session, run_id: UUID, organization_id: UUID, stripe_ids: Iterable[str]) -> None:
    """Remember until the run ends that Stripe listed these ids."""
    rows = [{"stripe_id": one, "run_id": run_id, "organization_id": organization_id} for one in sorted(set(stripe_ids))]
    bulk.insert(session, SeenAtStripe, rows, tail="ON CONFLICT DO NOTHING")


def seen(session: Session, run_id: UUID, stripe_ids: Iterable[str]) -> frozenset[str]:
    """Those of these ids that the run has seen."""
    return frozenset(session.scalars(_SEEN, {"run_id": run_id, "ids": list(stripe_ids)}))


def forget_seen(session: Session, run_id: UUID) -> None:
    """Let go of what the run has seen, once it has ended."""
    session.execute(text("DELETE FROM stripe_runs_seen WHERE run_id = :run_id"), {"run_id": run_id})


def record(
    session: Session, run_id: UUID, organization_id: UUID, found: Sequence[Mapping[str, Any]], *, are_healed: bool
) -> int:
    """Add differences, as mappings of the columns of `Drift` that tell about one; gives how many are new."""
    healed_at = datetime.now(UTC) if are_healed else None
    rows = [
        {"id": ids.new(), "organization_id": organization_id, "run_id": run_id, **one, "healed_at": healed_at}
        for one in found
    ]
    added = bulk.insert(
        session, Drift, rows, tail="ON CONFLICT ON CONSTRAINT uq_drifts_identity DO NOTHING RETURNING id"
    )
    return len(added)


_FORGET_ENDED = text("""
    DELETE FROM stripe_runs_seen AS seen USING stripe_runs AS run
    WHERE run.id = seen.run_id AND run.finished_at IS NOT NULL
""")


def forget_ended(session: Session) -> None:
    """Let go of what stopped and failed runs have seen."""
    session.execute(_FORGET_ENDED)
