"""The status of runs: locked before their payouts are, and brought to an end with the last of them."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.payouts.models import UNDER_WAY_SQL, PayoutRun

_LOCK: Final = text("SELECT FROM payout_runs WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_LOCK_UNFINISHED: Final = text("""
    SELECT FROM payout_runs WHERE program_id = ANY(:program_ids) AND status IN ('reserving', 'open')
    ORDER BY id FOR NO KEY UPDATE
""")

# A run all of whose payouts were canceled was canceled. The scalar subquery looks up the run's own payouts by index,
# where NOT EXISTS would be a join with all that are under way.
_CONCLUDE: Final = text(f"""
    UPDATE payout_runs AS run SET
        status = CASE WHEN EXISTS (SELECT FROM payouts WHERE run_id = run.id AND status <> 'canceled')
                        OR NOT EXISTS (SELECT FROM payouts WHERE run_id = run.id) THEN 'completed'
                      ELSE 'canceled' END,
        finished_at = now()
    WHERE run.id = ANY(:ids) AND run.status = 'open'
      AND (SELECT true FROM payouts WHERE run_id = run.id AND {UNDER_WAY_SQL} LIMIT 1) IS NULL
""")
# The status is not a condition, so that the run is found by its id and not among those that reserve.
_OPEN: Final = text("""
    UPDATE payout_runs SET status = CASE status WHEN 'reserving' THEN 'open' ELSE status END WHERE id = :id
""")
_CANCEL_EMPTY: Final = text("""
    UPDATE payout_runs AS run SET status = 'canceled', finished_at = now()
    WHERE run.id = :id AND run.finished_at IS NULL AND NOT EXISTS (SELECT FROM payouts WHERE run_id = run.id)
""")


def lock(session: Session, run_ids: Collection[UUID]) -> None:
    """Lock these runs, sorted. Every change of a payout's status comes after it, so that the last one ends its run."""
    session.execute(_LOCK, {"ids": sorted(run_ids)})


def lock_unfinished(session: Session, program_ids: Collection[UUID]) -> None:
    """Lock the programs' runs that have not ended, before partners are locked: a batch that reserves ends first."""
    session.execute(_LOCK_UNFINISHED, {"program_ids": sorted(program_ids)})


def end_reserving(session: Session, run_id: UUID) -> None:
    """Open a run whose job is done; without a payout under way it is over at once."""
    session.execute(_OPEN, {"id": run_id})
    conclude(session, [run_id])


def stop_reserving(session: Session, run: PayoutRun) -> None:
    """End the reserving of a run that is canceled; its planned items are not reserved any more."""
    session.execute(_CANCEL_EMPTY, {"id": run.id})
    end_reserving(session, run.id)


def conclude(session: Session, run_ids: Collection[UUID]) -> None:
    """End those of these runs whose last payout has ended."""
    session.execute(_CONCLUDE, {"ids": list(run_ids)})
