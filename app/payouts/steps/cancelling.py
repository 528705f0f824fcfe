"""Canceling the payouts of a run or a partner that are pending; those that were sent stay as they are."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.commissions.settling.settlement import Cause
from app.payouts.models import Payout
from app.payouts.steps import changes


def cancel_pending_of_run(session: Session, by: Cause, run_id: UUID) -> Sequence[Payout]:
    """Cancel the pending payouts of a run; returns them."""
    return _cancel(session, by, select(Payout.id, Payout.status).where(Payout.run_id == run_id), "")


def cancel_pending_of_partner(
    session: Session, by: Cause, partner_id: UUID, *, livemode: bool, reason: str
) -> Sequence[Payout]:
    """Cancel a partner's pending payouts of a mode; returns them."""
    of_partner = select(Payout.id, Payout.status).where(Payout.partner_id == partner_id, Payout.livemode == livemode)
    return _cancel(session, by, of_partner, reason)


def _cancel(session: Session, by: Cause, chosen: Select[UUID, str], reason: str) -> Sequence[Payout]:
    """Cancel those of `chosen`, ids with statuses, that are pending.

    The status is no condition of the query, so that the payouts are found by their run or partner.
    """
    payout_ids = [payout_id for payout_id, status in session.execute(chosen) if status == "pending"]
    pending = [payout for payout in changes.lock(session, payout_ids) if payout.status == "pending"]
    if pending:
        changes.end(session, pending, "canceled", by, reason=reason)
    return pending
