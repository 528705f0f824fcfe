"""The inputs of settling: everything that decides what a payment earns, loaded in a fixed number of set-based reads."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.attribute import PaymentCredit
from app.attribution.rules import Credit, NoCredit, in_force
from app.commissions.cycles.caps import CyclePosition
from app.commissions.decisions import decisions
from app.commissions.decisions.decisions import Decision
from app.commissions.settling import rows
from app.commissions.settling.rows import CommissionRow, ConversionRow
from app.immutable import immutable
from app.partners.queries import directory
from app.partners.queries.directory import SnapshotTerms
from app.partners.tree import Ancestor
from app.payments import payment_rows
from app.payments.payment_rows import PaymentRow
from app.payments.waiting import invoice_links
from app.stripe_events.scope import Scope


@immutable
class Cause:
    """The cause that is recorded with a payment's entries: `evt_…`, `request:…` or `job:…`, and its time.

    `is_backfill`: every event about the payment was inserted by a backfill.
    """

    by: str
    occurred_at: datetime
    is_backfill: bool = False


CauseOf = Callable[[PaymentRow], Cause]
"""Gives the cause of each payment in a batch that has several causes."""


@immutable
class Merged:
    """The conversion and commissions of a payment that was merged into another."""

    conversion: ConversionRow
    commissions: Sequence[CommissionRow]


@immutable
class Uplines:
    """The uplines of the credited partner, if its terms have a ladder.

    Attributes:
        ladder: the snapshot that the customer was bound under.
        ancestors: every partner above.
        organizations: the uplines' own organizations, by partner id.
    """

    ladder: SnapshotTerms
    ancestors: Sequence[Ancestor]
    organizations: Mapping[UUID, UUID | None]


@immutable
class SettlementInput:
    """One payment with everything that decides what it earns. Loaded once; `evaluate` reads nothing else.

    Attributes:
        payment: its present state, with its former outcome.
        livemode: whether it is live or test money.
        conversion: the stored conversion; None for a payment that was never credited.
        commissions: the stored commissions, with their positions in the ledger.
        decision: the approval or rejection that counts, by a person or the clock.
        cycle_position: its place among its customer's billing cycles.
        may_be_linked: whether it may yet turn out to pay an invoice of its customer.
        instead_of: in a conflict, the partner that evidence names now; the payment stays with the one paid for it.
        payer_marks: marks of the e-mail addresses that its payer has shown.
        merged: what was earned with payments that have been merged into this one.
        approved_before: how many conversions of the partner were approved before; None if that was counted already, or
            is not needed.
    """

    payment: PaymentRow
    livemode: bool
    credit: Credit | NoCredit
    conversion: ConversionRow | None
    commissions: Sequence[CommissionRow]
    cause: Cause
    decision: Decision | None
    cycle_position: CyclePosition
    may_be_linked: bool
    instead_of: Mapping[str, Any] = field(default_factory=dict)
    payer_marks: Collection[str] = frozenset()
    merged: Sequence[Merged] = ()
    uplines: Uplines | None = None
    approved_before: int | None = None

    def snapshot_of(self, credit: Credit) -> SnapshotTerms:
        """The snapshot of the first settlement, else the one in force when the payment was made."""
        snapshots, partner_id = credit.enrollment.snapshots, credit.enrollment.partner_id
        own = (
            commission
            for commission in self.commissions
            if commission.level == 0 and commission.partner_id == partner_id
        )
        former = next((commission.snapshot_id for commission in own), None)
        chosen = next((snapshot for snapshot in snapshots if snapshot.id == former), None)
        return chosen or in_force(snapshots, self.payment.state.occurred_at, bound_at=credit.bound_at)


def load(
    session: Session,
    scope: Scope,
    credited: Sequence[PaymentCredit],
    cycle_positions: Mapping[UUID, CyclePosition],
    cause: Cause | CauseOf,
) -> list[SettlementInput]:
    """Everything that decides the commissions of each payment in `credited`.

    Args:
        session: the payments' locks are held.
        scope: where they belong.
        credited: the payments with their credits.
        cycle_positions: their places among billing cycles, by payment id.
        cause: recorded with the entries.
    """
    payments = [each.payment for each in credited]
    conversions = rows.load_conversions(session, [payment.id for payment in payments if not payment.is_new])
    commissions = rows.load_commissions(session, [conversion.id for conversion in conversions.values()])
    decided = decisions.load_effective(session, payments)
    linkable = _linkable_customers(session, scope, credited)
    payer_marks = payment_rows.load_payer_marks(session, scope, payments)
    merged = _merged(payments, conversions, commissions)
    conflicts = _load_conflicts(session, scope, credited, conversions, commissions)
    inputs = []
    for each in credited:
        payment, conversion = each.payment, conversions.get(each.payment.id)
        credit, instead_of = conflicts.get(payment.id, (each.credit, {}))
        inputs.append(
            SettlementInput(
                payment=payment,
                livemode=scope.livemode,
                credit=credit,
                conversion=conversion,
                commissions=commissions.get(conversion.id, ()) if conversion else (),
                cause=cause if isinstance(cause, Cause) else cause(payment),
                decision=decided.get(payment.id),
                cycle_position=cycle_positions.get(payment.id, CyclePosition()),
                may_be_linked=payment.state.customer in linkable,
                instead_of=instead_of,
                payer_marks=payer_marks[payment.id],
                merged=merged.get(payment.id, ()),
            )
        )
    return inputs


def _merged(
    payments: Sequence[PaymentRow],
    conversions: Mapping[UUID, ConversionRow],
    commissions: Mapping[UUID, Sequence[CommissionRow]],
) -> dict[UUID, list[Merged]]:
    """By payment id: what was earned with the payments merged into it."""
    by_survivor: dict[UUID, list[Merged]] = {}
    for payment in payments:
        conversion = conversions.get(payment.id)
        if payment.merged_into_id is not None and conversion is not None and conversion.verdict == "earns":
            merged = Merged(conversion, commissions.get(conversion.id, ()))
            by_survivor.setdefault(payment.merged_into_id, []).append(merged)
    return by_survivor


def _load_conflicts(
    session: Session,
    scope: Scope,
    credited: Sequence[PaymentCredit],
    conversions: Mapping[UUID, ConversionRow],
    commissions: Mapping[UUID, Sequence[CommissionRow]],
) -> dict[UUID, tuple[Credit, Mapping[str, Any]]]:
    """The payments that stay with their partner despite new evidence, because it was paid for them already.

    Args:
        session: holds the payments' locks.
        scope: where they belong.
        credited: the payments with their credits of now.
        conversions: by payment id.
        commissions: by conversion id.

    Returns:
        By payment id: the credit that stays, and the credit that evidence gives: `partner_id` (None: none),
        `is_by_hand`.
    """
    in_conflict: dict[UUID, tuple[ConversionRow, PaymentCredit]] = {}
    for payment_credit in credited:
        conversion = conversions.get(payment_credit.payment.id)
        if payment_credit.payment.merged_into_id is not None or conversion is None:
            continue
        if not _agrees(conversion, payment_credit.credit) and any(
            each.is_paid for each in commissions.get(conversion.id, ())
        ):
            in_conflict[payment_credit.payment.id] = (conversion, payment_credit)
    if not in_conflict:
        return {}
    partner_ids = {conversion.partner_id for conversion, _ in in_conflict.values()}
    enrollments = directory.load_directory(session, scope.organization_id, partner_ids=partner_ids).enrollments
    conflicts: dict[UUID, tuple[Credit, Mapping[str, Any]]] = {}
    for payment_id, (conversion, payment_credit) in in_conflict.items():
        enrollment, occurred_at = enrollments[conversion.partner_id], payment_credit.payment.state.occurred_at
        conflicts[payment_id] = (
            Credit(enrollment, conversion.attribution_id, occurred_at),
            _conflict(payment_credit.credit),
        )
    return conflicts


def _agrees(conversion: ConversionRow, credit: Credit | NoCredit) -> bool:
    if credit.moves_paid:
        return True
    return isinstance(credit, Credit) and credit.enrollment.partner_id == conversion.partner_id


def _conflict(credit: Credit | NoCredit) -> dict[str, Any]:
    """The credit that evidence or a person gives the payment now."""
    if not isinstance(credit, Credit):
        return {"partner_id": None, "is_by_hand": False}
    return {"partner_id": ids.encode(ids.PARTNER, credit.enrollment.partner_id), "is_by_hand": credit.is_by_hand}


def _linkable_customers(session: Session, scope: Scope, credited: Sequence[PaymentCredit]) -> Collection[str]:
    """Customers whose unmarked charges may belong to an invoice that is not linked to them yet."""
    unmarked = {
        each.payment.state.customer
        for each in credited
        if isinstance(each.credit, NoCredit) and not each.payment.is_of_invoice and each.payment.merged_into_id is None
    }
    return invoice_links.customers_with_invoices(session, scope, unmarked - {""})
