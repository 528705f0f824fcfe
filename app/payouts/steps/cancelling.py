"""Canceling the payouts of a run or a partner of which nothing was sent; the others stay as they are.

Nothing was sent of a pending payout, nor of one whose transfer waits for the first call to Stripe.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.commissions.settling.settlement import Cause
from app.payouts.connect import transfers
from app.payouts.models import Payout
from app.payouts.steps import changes


def cancel_unsent_of_run(session: Session, by: Cause, run_id: UUID) -> Sequence[Payout]:
    """Cancel the payouts of a run of which nothing was sent; returns them."""
    return _cancel(session, by, select(Payout.id, Payout.status).where(Payout.run_id == run_id), "")


def cancel_unsent_of_partner(
    session: Session, by: Cause, partner_id: UUID, *, livemode: bool, reason: str
) -> Sequence[Payout]:
    """Cancel a partner's payouts of a mode of which nothing was sent; returns them."""
    of_partner = select(Payout.id, Payout.status).where(Payout.partner_id == partner_id, Payout.livemode == livemode)
    return _cancel(session, by, of_partner, reason)


def _cancel(session: Session, by: Cause, chosen: Select[UUID, str], reason: str) -> Sequence[Payout]:
    """Cancel those of `chosen`, ids with statuses, of which nothing was sent.

    The status is no condition of the query, so that the payouts are found by their run or partner.
    """
    payout_ids = [payout_id for payout_id, status in session.execute(chosen) if status in ("pending", "processing")]
    unsent = [payout for payout in changes.lock(session, payout_ids) if _is_unsent(session, payout)]
    if unsent:
        changes.end(session, unsent, "canceled", by, reason=reason)
    return unsent


def _is_unsent(session: Session, payout: Payout) -> bool:
    return payout.status == "pending" or (payout.is_transferring and transfers.withdraw(session, payout.id))
