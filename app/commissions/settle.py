"""Settlement: what each commission should be now, minus what the ledger holds. One code path for one or thousands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.attribute import Attributions, Credited
from app.attribution.rules import NoCredit, in_force
from app.commissions import records, rules
from app.commissions.records import CommissionRecord, ConversionRecord
from app.ledger import posting
from app.ledger.positions import difference
from app.ledger.posting import Entry
from app.partners.directory import Enrollment, SnapshotTerms
from app.payments import record, waiting
from app.payments.record import PaymentRecord
from app.stripe_events.scope import Scope


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling did to one payment."""

    payment: PaymentRecord
    former_outcome: str
    """How it stood before; "" for a new one."""
    has_moved: bool
    is_first_accrual: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """What a payment's entries are put down to, `evt_…`, `request:…` or `job:…`, and when it happened."""

    by: str
    occurred_at: datetime


@dataclass(slots=True)
class _Case:
    """One payment with everything that decides what it earns."""

    payment: PaymentRecord
    credit: Credited | NoCredit
    conversion: ConversionRecord | None
    commissions: list[CommissionRecord]
    cause: Cause
    may_be_linked: bool
    earned_by: Collection[UUID]
    """Partners that earned with a payment which has been merged into this one."""


def settle(session: Session, scope: Scope, attributions: Attributions, causes: Mapping[UUID, Cause]) -> list[Settled]:
    """Bring the commissions of every payment in `attributions` to what they should be.

    Args:
        attributions: the payments, and whom each is credited to.
        causes: by payment id, for every payment, what its entries are put down to.

    Expects the locks of the payments. Effects: writes payments, conversions, commissions, entries and postings.
    """
    cases = _cases(session, scope, attributions, causes)
    entries: list[Entry] = []
    settled = []
    for case in cases:
        former = case.payment.outcome
        posted = _settle_one(case)
        entries += posted
        is_first = any(one.kind == "accrual" for one in posted) and len(posted) == 1
        settled.append(Settled(case.payment, former, bool(posted), is_first))
    record.write(session, scope, [case.payment for case in cases])
    conversions = [case.conversion for case in cases if case.conversion is not None]
    commissions = [one for case in cases for one in case.commissions]
    records.write(session, scope.organization_id, conversions, commissions)
    posting.post(session, scope.organization_id, entries)
    return settled


def _cases(session: Session, scope: Scope, attributions: Attributions, causes: Mapping[UUID, Cause]) -> list[_Case]:
    payments = attributions.records
    conversions = records.conversions_of(session, [one.id for one in payments if not one.is_new])
    commissions = records.commissions_of(session, [one.id for one in conversions.values()])
    linkable = _linkable(session, scope, attributions)
    earned_by = _inherited(payments, conversions)
    cases = []
    for payment in payments:
        conversion = conversions.get(payment.id)
        cases.append(
            _Case(
                payment=payment,
                credit=attributions.credits.get(payment.id, NoCredit()),
                conversion=conversion,
                commissions=commissions.get(conversion.id, []) if conversion else [],
                cause=causes[payment.id],
                may_be_linked=payment.state.customer in linkable,
                earned_by=earned_by.get(payment.id, ()),
            )
        )
    return cases


def _inherited(
    payments: Sequence[PaymentRecord], conversions: Mapping[UUID, ConversionRecord]
) -> dict[UUID, set[UUID]]:
    """By id of a payment, the partners that earned with those merged into it."""
    found: dict[UUID, set[UUID]] = {}
    for payment in payments:
        conversion = conversions.get(payment.id)
        if payment.merged_into_id is not None and conversion is not None and conversion.verdict == "earns":
            found.setdefault(payment.merged_into_id, set()).add(conversion.partner_id)
    return found


def _linkable(session: Session, scope: Scope, attributions: Attributions) -> Collection[str]:
    """Customers whose unmarked charges may belong to an invoice that has not been linked to them yet."""
    unmarked = {
        one.state.customer
        for one in attributions.records
        if not one.is_of_invoice and isinstance(attributions.credits.get(one.id), NoCredit)
    }
    return waiting.customers_with_invoices(session, scope, unmarked - {""})


def _settle_one(case: _Case) -> list[Entry]:
    """Decide the payment's outcome, bring all its commissions there, and return the entries that takes."""
    _convert(case)
    outcome, details = _obstacle(case)
    earning = None
    if not outcome:
        earning, outcome = _earning(case)
    case.payment.outcome, case.payment.outcome_details = outcome, details
    entries = [_bring(case, one, is_earning=one is earning) for one in case.commissions]
    return [entry for entry in entries if entry is not None]


def _convert(case: _Case) -> None:
    """Make the payment a conversion of the partner it is credited to."""
    credit, former = case.credit, case.conversion
    if isinstance(credit, NoCredit) or case.payment.merged_into_id or case.payment.state.awaits_invoice:
        return
    enrollment = credit.enrollment
    case.conversion = ConversionRecord(
        id=former.id if former else ids.new(),
        payment_id=case.payment.id,
        program_id=enrollment.program_id,
        partner_id=enrollment.partner_id,
        partner_organization_id=enrollment.partner_organization_id,
        attribution_id=credit.attribution_id,
        verdict=_verdict(case, enrollment),
        stored=former.stored if former else None,
    )


def _verdict(case: _Case, enrollment: Enrollment) -> str:
    """Whether the partner earns: judged when it is first credited with this money and never again.

    So a refund after it was paused still counts against what it earned, and an invoice that turns out to be money it
    has earned with already leaves it that.
    """
    if enrollment.partner_id in case.earned_by:
        return "earns"
    former = case.conversion
    return former.verdict if former and former.partner_id == enrollment.partner_id else enrollment.verdict


def _obstacle(case: _Case) -> tuple[str, dict[str, Any]]:
    """What keeps the payment from earning, as outcome and details; "" if nothing does."""
    payment, credit = case.payment, case.credit
    if payment.merged_into_id is not None:
        return "merged", {"merged_into": ids.encode(ids.PAYMENT, payment.merged_into_id)}
    if payment.state.awaits_invoice:
        return "waiting", {"waiting_for": "the invoice that this charge pays"}
    if isinstance(credit, NoCredit):
        return _uncredited(case, credit)
    if case.conversion is not None and case.conversion.verdict != "earns":
        return case.conversion.verdict, {}
    return "", {}


def _uncredited(case: _Case, credit: NoCredit) -> tuple[str, dict[str, Any]]:
    """How a payment stands that nobody is credited with."""
    if case.payment.state.base_minor == 0:
        return rules.zero_outcome(case.payment.state), {}
    if credit.unknown_name:
        return "unknown_code", {"code": credit.unknown_name}
    if case.may_be_linked and not case.payment.is_of_invoice:
        return "waiting", {"waiting_for": waiting.INVOICE_LINK}
    return "unattributed", {}


def _snapshot(case: _Case, credit: Credited) -> SnapshotTerms:
    """The snapshot of the first settlement, else the one in force when the payment was made."""
    snapshots = credit.enrollment.snapshots
    former = next((one.snapshot_id for one in case.commissions if _is_level_0_of(one, credit)), None)
    chosen = next((one for one in snapshots if one.id == former), None)
    return chosen or in_force(snapshots, case.payment.state.occurred_at, bound_at=credit.bound_at)


def _is_level_0_of(commission: CommissionRecord, credit: Credited) -> bool:
    return commission.level == 0 and commission.partner_id == credit.enrollment.partner_id


def _earning(case: _Case) -> tuple[CommissionRecord | None, str]:
    """The commission of the credited partner as it should be now, all but its postings; with the payment's outcome.

    None where the payment is worth nothing.
    """
    credit, state = case.credit, case.payment.state
    assert isinstance(credit, Credited), "an obstacle was found otherwise"
    assert case.conversion is not None, "whoever is credited has a conversion"
    snapshot = _snapshot(case, credit)
    calculation = rules.calculate(state, snapshot)
    if calculation.amount_minor == 0:
        return None, rules.zero_outcome(state)
    commission = next((one for one in case.commissions if _is_level_0_of(one, credit)), None)
    if commission is not None and commission.currency != state.currency:
        return None, "currency_mismatch"  # a commission never changes its currency; taking it back is what can be done
    if commission is None:
        commission = CommissionRecord(
            id=ids.new(),
            conversion_id=case.conversion.id,
            program_id=credit.enrollment.program_id,
            partner_id=credit.enrollment.partner_id,
            partner_organization_id=credit.enrollment.partner_organization_id,
            level=0,
            snapshot_id=snapshot.id,
            terms_id=snapshot.terms_id,
            currency=state.currency,
            rate_bps=calculation.rate_bps,
            base_minor=calculation.base_minor,
            amount_minor=0,
            entry_count=0,
            calculation={},
            holdback_days=snapshot.holdback_days,
            accrued_at=state.occurred_at,
            mature_at=None,
        )
        case.commissions.append(commission)
    commission.base_minor, commission.amount_minor = calculation.base_minor, calculation.amount_minor
    commission.calculation = calculation.details()
    commission.accrued_at = state.occurred_at
    commission.mature_at = rules.matures_at(state.occurred_at, commission.holdback_days)
    return commission, "adjusted" if state.returned_minor else "accrued"


def _bring(case: _Case, commission: CommissionRecord, *, is_earning: bool) -> Entry | None:
    """Post the difference between what a commission holds and its target; None if there is none."""
    if not is_earning and (commission.amount_minor or commission.position.held_minor):
        commission.amount_minor = 0
        commission.calculation = {
            **commission.calculation,
            "amount_minor": 0,
            "target_minor": 0,
            "formula": _why_nothing(case),
        }
    held_minor = commission.position.held_minor
    target_minor = int(commission.calculation["target_minor"])
    lines = difference(commission.position, target_minor, is_approved=commission.approved_at is not None)
    if not lines:
        return None
    commission.position = commission.position.after(lines)
    commission.entry_count += 1
    is_accrual = commission.entry_count == 1
    return Entry(
        commission_id=commission.id,
        number=commission.entry_count,
        kind="accrual" if is_accrual else "adjustment",
        program_id=commission.program_id,
        partner_id=commission.partner_id,
        partner_organization_id=commission.partner_organization_id,
        currency=commission.currency,
        lines=lines,
        occurred_at=case.payment.state.occurred_at if is_accrual else case.cause.occurred_at,
        cause=case.cause.by,
        details={
            "commission_id": ids.encode(ids.COMMISSION, commission.id),
            "reason": str(commission.calculation["formula"]),
            "from_minor": held_minor,
            "to_minor": target_minor,
            "calculation": dict(commission.calculation),
        },
    )


def _why_nothing(case: _Case) -> str:
    if case.payment.merged_into_id is not None:
        return "another payment of the same money took this one's place"
    if case.payment.outcome == "currency_mismatch":
        return "the payment turned out to be in another currency"
    if case.payment.state.base_minor == 0:
        return "nothing is left to pay a commission on"
    if isinstance(case.credit, Credited):
        return "earlier or stronger evidence credits the payment to another partner"
    return "nothing credits the payment to this partner any more"
