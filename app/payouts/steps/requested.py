"""Payouts that the merchant's own system pays: `payout.requested` asks it to, and it confirms or fails them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulk import among
from app.commissions.settling.settlement import Cause
from app.payouts.models import Payout
from app.payouts.steps import facts


def send_external(session: Session, payout_ids: Collection[UUID], by: Cause) -> None:
    """Record `payout.requested` for these new payouts, which are sent by it."""
    if not payout_ids:
        return
    payouts = session.scalars(select(Payout).where(among(Payout.id, payout_ids)).order_by(Payout.id)).all()
    for payout in payouts:
        payout.status, payout.sent_at = "sent", by.occurred_at
    session.flush()
    facts.record(session, payouts, "payout.requested", by.occurred_at)
