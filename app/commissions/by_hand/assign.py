"""Crediting by hand: stores a person's decision about a payment or a customer, and posts the differences at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.attribution import by_hand
from app.attribution.by_hand import Assignment
from app.attribution.models import Attribution
from app.attribution.rules import in_force
from app.commissions.models import Conversion
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import Conflict
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.partners.queries import directory
from app.partners.queries.directory import Enrollment
from app.payments import objects, payment_rows
from app.payments.models import Payment
from app.payments.state.state import PaymentState
from app.stripe_events.scope import Scope

REFUSALS: Final = {
    "partner_inactive": "the partner is not active; activate it first",
    "program_inactive": "the partner's program is not active; set its status to active first",
    "kind_mismatch": "the partner's program does not count this kind of conversion; name a partner of another program",
}


@immutable
class Order:
    """A person's decision.

    Attributes:
        partner_id: None if no partner is to earn.
        moves_paid: whether payments whose commission is paid or in a payout move too; the former partner then owes it.
    """

    partner_id: UUID | None
    reason: str
    moves_paid: bool
    cause: Cause


@immutable
class Assigned:
    """The result of a decision: whether it is new, the payments that moved, and those left because they are paid."""

    is_new: bool
    moved: Sequence[UUID] = ()
    kept: Sequence[UUID] = ()


def assign_payment(session: Session, actor: Actor, payment: Payment, order: Order, *, is_forced: bool) -> Assigned:
    """Credit one payment by hand, with an audit entry if anything is new.

    Raises:
        Conflict: `payment_merged`, `invoice_nearby` unless forced, or why the partner does not earn.
    """
    scope = Scope.of(payment)
    subject = payment.key.partition(":")[2]
    objects.lock(session, scope, [subject])
    session.refresh(payment)
    _refuse_merged(session, payment)
    enrollment = _enrollment(session, scope, order, _signals(session, payment))
    if _is_so_by_hand(session, payment, order):
        return Assigned(is_new=False)
    if enrollment is not None and not payment.invoice and not is_forced:
        _refuse_nearby_invoice(session, scope, payment)
    _record(session, name_of(actor), scope, subject, order, enrollment, bound_at=payment.occurred_at, applies_from=None)
    _note(session, actor, "payment.attributed", ids.encode(ids.PAYMENT, payment.id), scope, order)
    return _settle(session, scope, {subject}, order)


def assign_customer(
    session: Session, actor: Actor, scope: Scope, customer: str, order: Order, *, applies_from: datetime | None
) -> Assigned:
    """Credit by hand everything that a customer paid and will pay, or from a time on, with an audit entry if it is new.

    Raises:
        Conflict: why the partner does not earn.
    """
    objects.lock(session, scope, [customer])
    enrollment = _enrollment(session, scope, order)
    latest = by_hand.latest(by_hand.load(session, scope, [customer]))
    ordered = (order.partner_id, applies_from, order.moves_paid)
    if latest is not None and (latest.partner_id, latest.applies_from, latest.moves_paid) == ordered:
        return Assigned(is_new=False)
    bound_at = applies_from or datetime.now(UTC)
    _record(session, name_of(actor), scope, customer, order, enrollment, bound_at=bound_at, applies_from=applies_from)
    _note(session, actor, "customer.attributed", customer, scope, order)
    paid = payment_rows.load_of_subjects(session, scope, [customer])
    return _settle(session, scope, {customer, *(object_id for each in paid for object_id in each.object_ids)}, order)


def _signals(session: Session, payment: Payment) -> Mapping[str, str]:
    [row] = payment_rows.load(session, [payment.id])
    return row.state.signals


def _enrollment(
    session: Session, scope: Scope, order: Order, signals: Mapping[str, str] = directory.STRIPE_SIGNALS
) -> Enrollment | None:
    if order.partner_id is None:
        return None
    partners = directory.load_directory(session, scope.organization_id, partner_ids=[order.partner_id])
    enrollment = partners.enrollments[order.partner_id]
    if (verdict := enrollment.verdict(signals)) != "earns":
        raise Conflict(REFUSALS[verdict], code=verdict, param="partner_id")
    return enrollment


def _refuse_merged(session: Session, payment: Payment) -> None:
    survivor = payment
    while survivor.merged_into_id is not None:
        survivor = session.get_one(Payment, survivor.merged_into_id)
    if survivor is not payment:
        public_id = ids.encode(ids.PAYMENT, survivor.id)
        raise Conflict(f"this payment was merged into {public_id}; credit that one", code="payment_merged")


# Since API version basil, a charge does not name the invoice it pays. Credited by itself, it would earn twice once the
# link arrives.
_NEARBY: Final = timedelta(days=1)


def _is_alike(state: PaymentState, payment: Payment) -> bool:
    is_same_amount = (state.currency, state.gross_minor) == (payment.currency, payment.gross_minor)
    return is_same_amount and abs(state.occurred_at - payment.occurred_at) <= _NEARBY


def _refuse_nearby_invoice(session: Session, scope: Scope, payment: Payment) -> None:
    of_customer = payment_rows.load_of_subjects(session, scope, {payment.customer} - {""})
    nearby = [other.state for other in of_customer if other.is_of_invoice and _is_alike(other.state, payment)]
    if nearby:
        invoice = min(nearby, key=lambda state: state.occurred_at).invoice
        raise Conflict(
            f"the payment may be that of invoice {invoice}: same customer, currency and amount within a day; "
            "credit the invoice, or set force to credit this payment too",
            code="invoice_nearby",
            param="force",
        )


def _is_so_by_hand(session: Session, payment: Payment, order: Order) -> bool:
    """Whether a person has already decided exactly this, and it is in force."""
    if "conflict" in payment.outcome_details:
        return False
    if order.partner_id is None:
        return "by_hand" in payment.outcome_details
    verdict = session.execute(
        select(Conversion.verdict)
        .join(Attribution, Attribution.id == Conversion.attribution_id)
        .where(
            Conversion.payment_id == payment.id,
            Attribution.carrier == "manual",
            Attribution.partner_id == order.partner_id,
        )
    ).scalar()
    return verdict == "earns" and "by_hand" not in payment.outcome_details


def _record(
    session: Session,
    decided_by: str,
    scope: Scope,
    subject: str,
    order: Order,
    enrollment: Enrollment | None,
    *,
    bound_at: datetime,
    applies_from: datetime | None,
) -> None:
    assignment = Assignment(
        id=ids.new(),
        subject=subject,
        partner_id=order.partner_id,
        applies_from=applies_from,
        moves_paid=order.moves_paid,
        decided_at=datetime.now(UTC),
        decided_by=decided_by,
        reason=order.reason,
        bound_at=bound_at,
    )
    snapshot_id = in_force(enrollment.snapshots, bound_at, bound_at=bound_at).id if enrollment else None
    by_hand.insert(session, scope, assignment, enrollment, snapshot_id, order.cause.by)


def _note(session: Session, actor: Actor, action: str, subject_id: str, scope: Scope, order: Order) -> None:
    partner_id = ids.encode(ids.PARTNER, order.partner_id) if order.partner_id is not None else None
    details = {"partner_id": partner_id, "include_paid": order.moves_paid}
    owner, livemode = scope.organization_id, scope.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)


def _settle(session: Session, scope: Scope, object_ids: set[str], order: Order) -> Assigned:
    settled = settle_objects(session, scope, objects.lock(session, scope, object_ids), order.cause)
    return Assigned(
        is_new=True,
        moved=[effect.payment.id for effect in settled if effect.has_moved],
        kept=[effect.payment.id for effect in settled if "conflict" in effect.payment.outcome_details],
    )
