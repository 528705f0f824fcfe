"""Confirming a run: every payout whose file was downloaded has reached its partner."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.organizations import audit
from app.organizations.actors import Actor
from app.payouts.models import Payout, PayoutRun
from app.payouts.steps import changes, facts
from app.views import instant_text


def confirm_run(
    session: Session, actor: Actor, run: PayoutRun, by: Cause, *, paid_at: datetime | None = None
) -> Sequence[Payout]:
    """Record that the payouts of a run which are `sent` by a file have reached their partners; returns them.

    Others stay as they are: pending ones, whose file was not downloaded, transfers, and what another system pays.

    Args:
        session: locks and posts, writes the audit entry and the outbound facts.
        actor: who confirms.
        run: whose payouts.
        by: the cause of the entries; its time is now.
        paid_at: when they were paid; None: now.

    Raises:
        Conflict: `status_refused`: none is sent by a file.
        InvalidRequest: `paid_at` is in the future or before the payouts.
    """
    chosen = session.scalars(select(Payout.id).where(Payout.run_id == run.id)).all()
    sent = [payout for payout in changes.lock(session, chosen) if is_sent_by_file(payout)]
    if not sent:
        message = "no payout of the run is in a file that was downloaded and unconfirmed, so there is none to confirm"
        raise Conflict(message, code="status_refused")
    require_paid_at(sent, paid_at, by)
    when = replace(by, occurred_at=paid_at or by.occurred_at)
    for some in changes.batches(sent):
        changes.end(session, some, "paid", when)
        facts.record(session, some, facts.PAID, by.occurred_at)
    run_id = ids.encode(ids.PAYOUT_RUN, run.id)
    owner, livemode = run.organization_id, run.livemode
    details = {"payouts": len(sent)}
    audit.add_entry(session, actor, "payout_run.paid", run_id, details, organization_id=owner, livemode=livemode)
    session.refresh(run)
    return sent


def is_sent_by_file(payout: Payout) -> bool:
    """Whether the payout is in a file that was downloaded, and has not ended."""
    return payout.status == "sent" and payout.file_id is not None


def require_paid_at(payouts: Iterable[Payout], paid_at: datetime | None, by: Cause) -> None:
    """Return if all of `payouts` can have been paid at this time. Raises InvalidRequest."""
    reserved_at = max(payout.created_at for payout in payouts)
    if paid_at is not None and not reserved_at <= paid_at <= by.occurred_at:
        earliest = instant_text(reserved_at)
        raise InvalidRequest(f"paid_at must be between {earliest}, when it was reserved, and now", param="paid_at")
