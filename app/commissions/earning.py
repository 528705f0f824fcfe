"""What one payment earns now, and its outcome: everything short of posting it."""

from datetime import datetime
from typing import Any

from app import ids
from app.attribution.attribute import Credited
from app.attribution.rules import NoCredit, in_force
from app.commissions import limits, rules
from app.commissions.cases import Case
from app.commissions.records import CommissionRecord, ConversionRecord
from app.partners.directory import Enrollment, SnapshotTerms
from app.payments import waiting

Outcome = tuple[str, dict[str, Any]]
"""A word of `OUTCOMES` and what completes its sentence."""


def judge(case: Case, *, now: datetime) -> CommissionRecord | None:
    """Bring conversion, outcome and the earning commission of a payment to what they should be.

    Returns:
        The commission that earns, all but its postings; None where the payment earns nobody anything.
    """
    _convert(case)
    earning = None
    outcome = _obstacle(case)
    if not outcome[0]:
        earning, outcome = _earning(case, now)
    case.payment.outcome, details = outcome
    case.payment.outcome_details = {**details, "conflict": case.instead_of} if case.instead_of else details
    return earning


def _convert(case: Case) -> None:
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


def _verdict(case: Case, enrollment: Enrollment) -> str:
    """Whether the partner earns: judged when it is first credited with this money and never again.

    So a refund after it was paused still counts against what it earned, and an invoice that turns out to be money it
    has earned with already leaves it that.
    """
    if enrollment.partner_id in case.earned_by:
        return "earns"
    former = case.conversion
    if isinstance(case.credit, Credited) and case.credit.is_by_hand and former is not None:
        former = former if former.attribution_id == case.credit.attribution_id else None  # a person judges anew
    return former.verdict if former and former.partner_id == enrollment.partner_id else enrollment.verdict


def _obstacle(case: Case) -> Outcome:
    """What keeps the payment from earning; "" if nothing does."""
    payment, credit = case.payment, case.credit
    if payment.merged_into_id is not None:
        return "merged", {"merged_into": ids.encode(ids.PAYMENT, payment.merged_into_id)}
    if payment.state.awaits_invoice:
        return "waiting", waiting.for_invoice(payment.state)
    if isinstance(credit, NoCredit):
        return _uncredited(case, credit)
    if case.conversion is not None and case.conversion.verdict != "earns":
        return case.conversion.verdict, {}
    if case.decision is not None and not case.decision.is_approval:
        return "rejected", {"reason": case.decision.reason}
    commission = _snapshot(case, credit).commission
    if rules.needs_lines(payment.state, commission):
        return "waiting", waiting.for_invoice_lines(payment.state)
    exceeded = limits.exceeded(commission, case.standing, payment.state.occurred_at)
    return ("cap_reached", {"limit": exceeded}) if exceeded else ("", {})


def _uncredited(case: Case, credit: NoCredit) -> Outcome:
    """How a payment stands that nobody is credited with."""
    if case.payment.state.base_minor == 0:
        return rules.zero_outcome(case.payment.state), {}
    if credit.by_hand:
        return "unattributed", {"by_hand": credit.by_hand}
    if credit.is_outside_window:
        return "outside_window", {}
    if credit.unknown_name:
        return "unknown_code", {"code": credit.unknown_name}
    if case.may_be_linked and not case.payment.is_of_invoice:
        return "waiting", waiting.for_invoice_link(case.payment.state)
    return "unattributed", {}


def _snapshot(case: Case, credit: Credited) -> SnapshotTerms:
    """The snapshot of the first settlement, else the one in force when the payment was made."""
    snapshots = credit.enrollment.snapshots
    former = next((one.snapshot_id for one in case.commissions if _is_level_0_of(one, credit)), None)
    chosen = next((one for one in snapshots if one.id == former), None)
    return chosen or in_force(snapshots, case.payment.state.occurred_at, bound_at=credit.bound_at)


def _is_level_0_of(commission: CommissionRecord, credit: Credited) -> bool:
    return commission.level == 0 and commission.partner_id == credit.enrollment.partner_id


def _earning(case: Case, now: datetime) -> tuple[CommissionRecord | None, Outcome]:
    """The commission of the credited partner as it should be now, all but its postings; with the payment's outcome."""
    credit, state = case.credit, case.payment.state
    assert isinstance(credit, Credited), "an obstacle was found otherwise"
    snapshot = _snapshot(case, credit)
    include_out_of_band = credit.enrollment.include_out_of_band
    calculation = rules.calculate(state, snapshot, include_out_of_band=include_out_of_band)
    if calculation.amount_minor == 0:
        return None, (rules.zero_outcome(state, include_out_of_band=include_out_of_band), {})
    # A commission never changes its currency. Where a payment turns out to be in another, the former one is taken back.
    commission = next(
        (one for one in case.commissions if _is_level_0_of(one, credit) and one.currency == state.currency), None
    )
    if commission is None:
        commission = _new_commission(case, credit, snapshot)
        case.commissions.append(commission)
    commission.rate_bps = calculation.rate_bps
    commission.base_minor, commission.amount_minor = calculation.base_minor, calculation.amount_minor
    commission.cycle = case.standing.cycle if limits.has_limits(snapshot.commission) else None
    commission.calculation = calculation.details()
    commission.accrued_at = state.occurred_at
    commission.mature_at = rules.matures_at(state.occurred_at, commission.holdback_days)
    if state.hold.until is not None and state.hold.until > now and not case.is_approved:
        return commission, ("held", {})
    return commission, ("adjusted" if calculation.returned_minor else "accrued", {})


def _new_commission(case: Case, credit: Credited, snapshot: SnapshotTerms) -> CommissionRecord:
    assert case.conversion is not None, "whoever is credited has a conversion"
    return CommissionRecord(
        id=ids.new(),
        conversion_id=case.conversion.id,
        program_id=credit.enrollment.program_id,
        partner_id=credit.enrollment.partner_id,
        partner_organization_id=credit.enrollment.partner_organization_id,
        level=0,
        cycle=None,
        snapshot_id=snapshot.id,
        terms_id=snapshot.terms_id,
        currency=case.payment.state.currency,
        rate_bps=None,
        base_minor=0,
        amount_minor=0,
        entry_count=0,
        calculation={},
        holdback_days=snapshot.holdback_days,
        accrued_at=case.payment.state.occurred_at,
        mature_at=None,
    )
