"""Facts about payouts, for outbound webhooks and mails, recorded in the transaction that made them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.mail_queue import queue
from app.mail_queue.kinds import KindName
from app.mail_queue.queue import NewMail
from app.outbox import outbox
from app.outbox.event_types import EventType
from app.outbox.outbox import Fact
from app.partners.managing import mails
from app.payouts.models import Payout, PayoutRun
from app.payouts.showing.views import payout_body
from app.people import notices
from app.views import jsonable

SENT: Final[EventType] = "payout.sent"
PAID: Final[EventType] = "payout.paid"
FAILED: Final[EventType] = "payout.failed"
MAILS: Final[Mapping[EventType, KindName]] = {SENT: "payout_sent", PAID: "payout_sent", FAILED: "payout_failed"}
"""The mail to the partner about a fact."""


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
    kind = MAILS.get(event_type)
    if kind is not None:
        queue.write(session, [_mail(kind, payout) for payout in payouts])


def record_ready(session: Session, run: PayoutRun) -> None:
    """Write the mails about a run that has reserved payouts, to those who manage the organization."""
    net = func.sum(Payout.net_minor)
    query = select(Payout.currency, func.count().label("count"), net.label("net_minor"))
    rows = session.execute(query.where(Payout.run_id == run.id).group_by(Payout.currency).order_by(Payout.currency))
    sums = rows.all()
    if not sums:
        return
    run_id = ids.encode(ids.PAYOUT_RUN, run.id)
    notices.write(
        session,
        "payout_ready",
        run_id,
        run.organization_id,
        program_id=run.program_id,
        livemode=run.livemode,
        run_id=run_id,
        count=sum(row.count for row in sums),
        amounts=[{"currency": row.currency, "net_minor": int(row.net_minor)} for row in sums],
    )


def _mail(kind: KindName, payout: Payout) -> NewMail:
    """The mail to the partner: one that it was sent, whether first by `payout.sent` or by `payout.paid`."""
    public_id = ids.encode(ids.PAYOUT, payout.id)
    details = {
        "payout_id": public_id,
        "amount_minor": payout.net_minor,
        "currency": payout.currency,
        "method": payout.method,
        "reference": payout.reference,
        "reason": payout.failure_reason,
        "reason_details": payout.failure_details,
    }
    owner, program, partner = payout.organization_id, payout.program_id, payout.partner_id
    return mails.about_money(kind, public_id, owner, program, partner, livemode=payout.livemode, details=details)
