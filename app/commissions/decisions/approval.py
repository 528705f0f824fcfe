"""Approving and rejecting by a person, at any time."""

from sqlalchemy.orm import Session

from app import ids
from app.commissions.decisions import batches, decisions
from app.commissions.decisions.decisions import Decision
from app.commissions.models import Conversion
from app.commissions.settling import rows
from app.commissions.settling.rows import CommissionRow
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.payments import payment_rows
from app.payments.models import Payment
from app.payments.objects import LockedObjects
from app.payments.payment_rows import PaymentRow
from app.stripe_events.scope import Scope


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
    scope, payment, locked = take(session, conversion)
    before = decisions.load_effective(session, [payment]).get(payment.id)
    is_held = payment.state.hold.is_open(by.occurred_at)
    if is_held and not force:
        raise Conflict(
            f"approval is on hold while a {payment.state.hold.reason} is open; "
            "to approve it now, set force and give a reason",
            code="on_hold",
        )
    is_rejected = before is not None and not before.is_approval
    if not is_rejected and not any(
        commission.position.accrued_minor for commission in _commissions(session, conversion)
    ):
        raise Conflict(
            "nothing of this conversion is left to approve: its commissions are approved, paid or reversed",
            code="nothing_to_approve",
        )
    decision = Decision(
        payment.id, "approved", decided_by, by.occurred_at, by.occurred_at, reason, is_forced=force and is_held
    )
    _decide(session, scope, locked, decision, by)


def reject(session: Session, conversion: Conversion, *, by: Cause, decided_by: str, reason: str) -> None:
    """Take back a conversion's commissions; later events change nothing until a person approves it.

    Does nothing if it is rejected already.

    Raises:
        Conflict: `in_payout`, `already_paid`, or `merged`: it was merged into another payment.
        InvalidRequest: without a reason.
    """
    if not reason:
        raise InvalidRequest("reason is required to reject", param="reason")
    scope, payment, locked = take(session, conversion)
    before = decisions.load_effective(session, [payment]).get(payment.id)
    if before is not None and not before.is_approval:
        return
    for commission in _commissions(session, conversion):
        if commission.position.clearing_minor:
            raise Conflict("the conversion is in a payout that has not ended; reject it after that", code="in_payout")
        if commission.position.paid_minor:
            raise Conflict("the conversion is already paid, so it cannot be rejected", code="already_paid")
    decision = Decision(payment.id, "rejected", decided_by, by.occurred_at, by.occurred_at, reason)
    _decide(session, scope, locked, decision, by)


def take(session: Session, conversion: Conversion) -> tuple[Scope, PaymentRow, LockedObjects]:
    """The conversion's payment, read after its locks were taken, with its scope and its locked objects.

    Raises Conflict if it was merged into another.
    """
    stored = session.get_one(Payment, conversion.payment_id)
    scope = Scope.of(stored)
    locked = batches.lock(session, scope, [stored.id])
    [payment] = payment_rows.load(session, [stored.id])
    if payment.merged_into_id is not None:
        survivor = ids.encode(ids.PAYMENT, payment.merged_into_id)
        raise Conflict(f"the payment was merged into {survivor}; decide on that one", code="merged")
    return scope, payment, locked


def _commissions(session: Session, conversion: Conversion) -> list[CommissionRow]:
    return rows.load_commissions(session, [conversion.id]).get(conversion.id, [])


def _decide(session: Session, scope: Scope, locked: LockedObjects, decision: Decision, by: Cause) -> None:
    decisions.insert(session, scope, [decision])
    settle_objects(session, scope, locked, by)
