"""Gathering what decides each payment's commissions, in a handful of set-based reads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.attribution.attribute import Attributions, Credited
from app.attribution.rules import NoCredit, in_force
from app.commissions.by_hand import paid
from app.commissions.cycles.billing_cycles import Ranked
from app.commissions.cycles.caps import CyclePosition
from app.commissions.decisions import decisions
from app.commissions.decisions.decisions import Decision
from app.commissions.settling import rows
from app.commissions.settling.rows import CommissionRecord, ConversionRecord
from app.partners.finding.directory import SnapshotTerms
from app.partners.tree import Ancestor
from app.payments import payers
from app.payments.record import PaymentRecord
from app.payments.waiting import invoice_links
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Cause:
    """What a payment's entries are put down to, `evt_…`, `request:…` or `job:…`, and when it happened."""

    by: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Merged:
    """What a partner earned with a payment that has been merged into another."""

    conversion: ConversionRecord
    commissions: Sequence[CommissionRecord]


@dataclass(slots=True)
class Case:
    """One payment with everything that decides what it earns."""

    payment: PaymentRecord
    credit: Credited | NoCredit
    conversion: ConversionRecord | None
    commissions: list[CommissionRecord]
    cause: Cause
    decision: Decision | None
    standing: CyclePosition
    may_be_linked: bool
    """Whether it may yet turn out to pay an invoice of its customer."""
    instead_of: Mapping[str, Any] = field(default_factory=dict)
    """Whom evidence credits by now, where the partner that has been paid keeps it; see `paid.Kept`."""
    payer_marks: Collection[str] = frozenset()
    """Marks of the addresses that whoever pays has shown."""
    merged: Sequence[Merged] = ()
    """What was earned with payments that have been merged into this one."""
    ladder: SnapshotTerms | None = None
    """What the customer was bound under, where its terms have a ladder."""
    ancestors: Sequence[Ancestor] = ()
    """Everybody above the partner, where there is a ladder."""
    organizations: Mapping[UUID, UUID | None] = field(default_factory=dict)
    """The uplines' own organizations."""
    approved_before: int | None = None
    """How many conversions of the partner were approved before; None where that was counted already, or never is."""
    is_approved_at_once: bool = False
    """Whether `decision` is one that settling itself has made."""
    is_withheld: bool = False
    """Whether an older hold keeps an automatic approval from counting, which `decision` then leaves out."""

    @property
    def earned_by(self) -> Collection[UUID]:
        """Partners that earned with a payment which has been merged into this one."""
        return {one.conversion.partner_id for one in self.merged}

    @property
    def is_approved(self) -> bool:
        """Whether what it earns is payable."""
        return self.decision is not None and self.decision.is_approval


def gather(session: Session, scope: Scope, ranked: Ranked, causes: Mapping[UUID, Cause], other: Cause) -> list[Case]:
    """The case of every payment in `ranked`; those that are not among `causes` are put down to `other`."""
    attributions = ranked.attributions
    payments, credited = attributions.records, attributions.credits
    conversions = rows.conversions_of(session, [one.id for one in payments if not one.is_new])
    commissions = rows.commissions_of(session, [one.id for one in conversions.values()])
    decided = decisions.of_each(session, payments)
    linkable = _linkable(session, scope, attributions)
    payer_marks = payers.marks_of(session, scope, payments)
    merged = _merged(payments, conversions, commissions)
    kept = paid.kept(session, scope, attributions, conversions, commissions)
    cases = []
    for payment in payments:
        conversion = conversions.get(payment.id)
        cases.append(
            Case(
                payment=payment,
                credit=kept[payment.id].credit if payment.id in kept else credited.get(payment.id, NoCredit()),
                conversion=conversion,
                commissions=commissions.get(conversion.id, []) if conversion else [],
                cause=causes.get(payment.id, other),
                decision=decided.get(payment.id),
                standing=ranked.standings.get(payment.id, CyclePosition()),
                may_be_linked=payment.state.customer in linkable,
                instead_of=kept[payment.id].instead_of if payment.id in kept else {},
                payer_marks=payer_marks[payment.id],
                merged=merged.get(payment.id, ()),
            )
        )
    return cases


def _merged(
    payments: Sequence[PaymentRecord],
    conversions: Mapping[UUID, ConversionRecord],
    commissions: Mapping[UUID, Sequence[CommissionRecord]],
) -> dict[UUID, list[Merged]]:
    """By id of a payment, what was earned with those merged into it."""
    found: dict[UUID, list[Merged]] = {}
    for payment in payments:
        conversion = conversions.get(payment.id)
        if payment.merged_into_id is not None and conversion is not None and conversion.verdict == "earns":
            one = Merged(conversion, commissions.get(conversion.id, ()))
            found.setdefault(payment.merged_into_id, []).append(one)
    return found


def snapshot_of(case: Case, credit: Credited) -> SnapshotTerms:
    """The snapshot of the first settlement, else the one in force when the payment was made."""
    snapshots = credit.enrollment.snapshots
    own = (one for one in case.commissions if one.level == 0 and one.partner_id == credit.enrollment.partner_id)
    former = next((one.snapshot_id for one in own), None)
    chosen = next((one for one in snapshots if one.id == former), None)
    return chosen or in_force(snapshots, case.payment.state.occurred_at, bound_at=credit.bound_at)


def _linkable(session: Session, scope: Scope, attributions: Attributions) -> Collection[str]:
    """Customers whose unmarked charges may belong to an invoice that has not been linked to them yet."""
    unmarked = {
        one.state.customer
        for one in attributions.records
        if not one.is_of_invoice and isinstance(attributions.credits.get(one.id), NoCredit)
    }
    return invoice_links.customers_with_invoices(session, scope, unmarked - {""})
