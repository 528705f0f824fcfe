"""Outbound facts about payouts, recorded in the transaction that made them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.outbox import outbox
from app.outbox.event_types import EventType
from app.outbox.outbox import Fact
from app.payouts.models import Payout
from app.payouts.showing.views import payout_body
from app.views import jsonable

SENT: Final[EventType] = "payout.sent"
PAID: Final[EventType] = "payout.paid"
FAILED: Final[EventType] = "payout.failed"


def record(session: Session, payouts: Sequence[Payout], event_type: EventType, occurred_at: datetime) -> None:
    """Record the same fact about payouts of one organization and mode."""
    if not payouts:
        return
    outbox.record(
        session,
        organization_id=payouts[0].organization_id,
        livemode=payouts[0].livemode,
        types=(event_type,),
        facts=lambda _asked_for: [
            Fact(event_type, jsonable(payout_body(payout)), occurred_at, partner_id=payout.partner_id)
            for payout in payouts
        ],
        partner_ids={payout.partner_id for payout in payouts},
    )
