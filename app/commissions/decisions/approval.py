"""Approving and rejecting: by the clock once the holdback has passed, or by a person at any time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.commissions.decisions import decisions
from app.commissions.decisions.decisions import CLOCK, Decision
from app.commissions.models import Conversion
from app.commissions.settling import rows
from app.commissions.settling.rows import CommissionRow
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.payments import objects, payment_rows
from app.payments.models import Payment
from app.payments.payment_rows import PaymentRow
from app.stripe_events.scope import Scope

BACKLOG_MINUTES: Final = 10
"""The clock approves nothing in a mode with events that have been due for longer: a refund may be among them."""


def approve(
    session: Session, conversion: Conversion, *, by: Cause, decided_by: str, reason: str = "", force: bool = False
) -> None:
    """Make a conversion's commissions payable before their holdback ends, also if they were rejected before.

    Args:
        by: the cause of the ledger entries.
        decided_by: who decides, `key_…`.
        force: approve although a dispute or warning is open; takes a reason.

    Raises:
        Conflict: `on_hold`, `nothing_to_approve`, or `merged`: it was merged into another payment.
        InvalidRequest: forced without a reason.
    """
    if force and not reason:
        raise InvalidRequest("force needs a reason", param="reason")
    scope, payment = take(session, conversion)
    before = decisions.load_effective(session, [payment]).get(payment.id)
    is_held = payment.state.hold.is_open(by.occurred_at)
    if is_held and not force:
        raise Conflict(
            f"approval is on hold while a {payment.state.hold.reason} is open; or send force: true and a reason",
            code="on_hold",
        )
    is_rejected = before is not None and not before.is_approval
    if not is_rejected and not any(one.position.accrued_minor for one in _commissions(session, conversion)):
        raise Conflict(
            "nothing of this conversion is left to approve: its commissions are approved, paid or reversed",
            code="nothing_to_approve",
        )
    decision = Decision(
        payment.id, "approved", decided_by, by.occurred_at, by.occurred_at, reason, is_forced=force and is_held
    )
    _decide(session, scope, payment, decision, by)


def reject(session: Session, conversion: Conversion, *, by: Cause, decided_by: str, reason: str) -> None:
    """Take back a conversion's commissions; later events change nothing until a person approves it.

    Does nothing if it is rejected already.

    Raises:
        Conflict: `in_payout`, `already_paid`, or `merged`: it was merged into another payment.
        InvalidRequest: without a reason.
    """
    if not reason:
        raise InvalidRequest("reason is required to reject", param="reason")
    scope, payment = take(session, conversion)
    before = decisions.load_effective(session, [payment]).get(payment.id)
    if before is not None and not before.is_approval:
        return
    for commission in _commissions(session, conversion):
        if commission.position.clearing_minor:
            raise Conflict("the conversion is in a payout that has not ended; reject it after that", code="in_payout")
        if commission.position.paid_minor:
            raise Conflict("the conversion is already paid, so it cannot be rejected", code="already_paid")
    decision = Decision(payment.id, "rejected", decided_by, by.occurred_at, by.occurred_at, reason)
    _decide(session, scope, payment, decision, by)


def take(session: Session, conversion: Conversion) -> tuple[Scope, PaymentRow]:
    """The conversion's payment, read after its locks were taken. Raises Conflict if it was merged into another."""
    stored = session.get_one(Payment, conversion.payment_id)
    scope = Scope.of(stored)
    [payment] = payment_rows.load(session, [stored.id])
    objects.lock(session, scope, payment.object_ids)
    [payment] = payment_rows.load(session, [stored.id])
    if payment.merged_into_id is not None:
        survivor = ids.encode(ids.PAYMENT, payment.merged_into_id)
        raise Conflict(f"the payment was merged into {survivor}; decide on that one", code="merged")
    return scope, payment


def _commissions(session: Session, conversion: Conversion) -> list[CommissionRow]:
    return rows.load_commissions(session, [conversion.id]).get(conversion.id, [])


def _decide(session: Session, scope: Scope, payment: PaymentRow, decision: Decision, by: Cause) -> None:
    decisions.insert(session, scope, [decision])
    settle_objects(session, scope, objects.lock(session, scope, payment.object_ids), by)


# Commissions whose holdback has ended, and payments whose fraud warning has expired. Organizations with overdue events
# or an unfinished backfill of the same mode are left out, because a refund may be among the unprocessed events.
_RIPE = """
    payment.merged_into_id IS NULL AND (payment.held_until IS NULL OR payment.held_until <= :now)
    AND NOT EXISTS (
        SELECT FROM due_events AS due
        WHERE due.organization_id = payment.organization_id AND due.livemode = payment.livemode
          AND due.next_attempt_at <= CAST(:now AS timestamptz) - make_interval(mins => :backlog_minutes)
    )
    AND NOT EXISTS (
        SELECT FROM stripe_runs AS run
        WHERE run.organization_id = payment.organization_id AND run.livemode = payment.livemode
          AND run.kind = 'backfill' AND run.finished_at IS NULL AND NOT run.dry_run
    )
"""

_MATURE = text(f"""
    SELECT payment.id, payment.organization_id, payment.account, payment.livemode,
           min(commission.mature_at) AS mature_at
    FROM commissions AS commission
    JOIN conversions AS conversion ON conversion.id = commission.conversion_id
    JOIN payments AS payment ON payment.id = conversion.payment_id
    WHERE commission.status = 'accrued' AND commission.approved_at IS NULL AND commission.mature_at <= :now AND {_RIPE}
      AND (CAST(:payment_ids AS uuid[]) IS NULL OR payment.id = ANY (:payment_ids))
    GROUP BY payment.id ORDER BY mature_at, payment.id LIMIT :limit
""")

_RELEASED = text(f"""
    SELECT payment.id, payment.organization_id, payment.account, payment.livemode
    FROM payments AS payment
    WHERE payment.outcome = 'held' AND payment.held_until <= :now AND {_RIPE}
    ORDER BY payment.held_until, payment.id LIMIT :limit
""")


def approve_mature(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Approve commissions without a hold as of the end of their holdback, if that has passed; end expired holds.

    Effects: takes the locks a drain takes, decides, settles. One transaction.

    Returns:
        How many payments were settled. If it is not 0, call again: more may be left.
    """
    values = {"now": now, "limit": limit, "backlog_minutes": BACKLOG_MINUTES, "payment_ids": None}
    mature = session.execute(_MATURE, values).all()
    if not mature:
        return _settle(session, session.execute(_RELEASED, values).all(), now)
    for scope, payment_ids in _by_scope(mature).items():
        payments = payment_rows.load(session, payment_ids)
        objects.lock(session, scope, {one for each in payments for one in each.object_ids})
        still = session.execute(_MATURE, {**values, "payment_ids": payment_ids}).all()
        decided = [Decision(row.id, "approved", CLOCK, row.mature_at, now) for row in still]
        decisions.insert(session, scope, decided)
    return _settle(session, mature, now)


def _by_scope(rows: Sequence[Any]) -> dict[Scope, list[UUID]]:
    found: dict[Scope, list[UUID]] = {}
    for row in sorted(rows, key=lambda row: (row.organization_id, row.account, row.livemode, row.id)):
        found.setdefault(Scope.of(row), []).append(row.id)
    return found


def _settle(session: Session, rows: Sequence[Any], now: datetime) -> int:
    for scope, payment_ids in _by_scope(rows).items():
        named = {one for each in payment_rows.load(session, payment_ids) for one in each.object_ids}
        settle_objects(session, scope, objects.lock(session, scope, named), Cause("job:approve", now))
    return len(rows)
