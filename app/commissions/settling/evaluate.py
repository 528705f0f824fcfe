"""What one payment earns now, and its outcome: everything short of posting it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app import ids
from app.attribution.attribute import Credited
from app.attribution.rules import NoCredit
from app.commissions.cycles import caps
from app.commissions.rates import ladder, products, rules, tiers
from app.commissions.rates.ladder import Beneficiary
from app.commissions.rates.rules import Calculation
from app.commissions.settling import self_referral
from app.commissions.settling.rows import CommissionRecord, ConversionRecord
from app.commissions.settling.settlement import Case, snapshot_of
from app.partners.finding.directory import Enrollment
from app.payments.state.state import PaymentState
from app.payments.waiting import reasons

Outcome = tuple[str, dict[str, Any]]
"""One of `OUTCOMES` and the codes and numbers that complete its sentence."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The commissions that the terms give on a payment, the partner's first, all but their postings.

    Attributes:
        earning: those that earn.
        stopped: those that had been earned before something stopped the partner, and with it every level. They keep
            the amount that the terms give, and are worth nothing.
    """

    earning: Sequence[CommissionRecord] = ()
    stopped: Sequence[CommissionRecord] = ()


def evaluate(case: Case, *, now: datetime) -> Judged:
    """Bring conversion, outcome and commissions of a payment to what they should be."""
    _convert(case)
    judged = Judged()
    outcome = _obstacle(case)
    if not outcome[0]:
        earning, outcome = _earning(case, now)
        judged = Judged(earning=earning)
    elif _has_known_terms(case):
        judged = Judged(stopped=_stopped(case))
    case.payment.outcome, details = outcome
    case.payment.outcome_details = {**details, "conflict": case.instead_of} if case.instead_of else details
    return judged


def _convert(case: Case) -> None:
    """Make the payment a conversion of the partner it is credited to."""
    credit, former = case.credit, case.conversion
    if isinstance(credit, NoCredit) or case.payment.merged_into_id or case.payment.state.awaits_invoice:
        return
    enrollment, judged = credit.enrollment, _judged_before(case, credit)
    case.conversion = ConversionRecord(
        id=former.id if former else ids.new(),
        payment_id=case.payment.id,
        program_id=enrollment.program_id,
        partner_id=enrollment.partner_id,
        partner_organization_id=enrollment.partner_organization_id,
        attribution_id=credit.attribution_id,
        verdict=_verdict(case, enrollment, judged),
        email_mark=enrollment.email_mark if judged is None else judged.email_mark,
        uplines=ladder.uplines(case, judged),
        stored=former.stored if former else None,
    )


def _judged_before(case: Case, credit: Credited) -> ConversionRecord | None:
    """The conversion with what was judged of this partner; None if it was never judged, or a person has it anew."""
    former = case.conversion
    if former is None or former.partner_id != credit.enrollment.partner_id:
        return None
    return None if credit.is_by_hand and former.attribution_id != credit.attribution_id else former


def _verdict(case: Case, enrollment: Enrollment, judged: ConversionRecord | None) -> str:
    """Whether the partner earns: judged when it is first credited with this money and never again.

    So a refund after it was paused still counts against what it earned, and an invoice that turns out to be money it
    has earned with already leaves it that.
    """
    if enrollment.partner_id in case.earned_by:
        return "earns"
    return judged.verdict if judged is not None else enrollment.verdict_on(case.payment.state.signals)


def _obstacle(case: Case) -> Outcome:
    """What keeps the payment from earning; "" if nothing does."""
    payment, credit = case.payment, case.credit
    if payment.merged_into_id is not None:
        return "merged", {"merged_into": ids.encode(ids.PAYMENT, payment.merged_into_id)}
    if payment.state.awaits_invoice:
        return "waiting", reasons.for_invoice(payment.state)
    return _uncredited(case, credit) if isinstance(credit, NoCredit) else _obstacle_for(credit, case)


def _obstacle_for(credit: Credited, case: Case) -> Outcome:
    """What keeps the credited partner from earning on the payment; "" if nothing does."""
    payment = case.payment
    if case.conversion is not None and (same := self_referral.reason(case.conversion, case.payer_marks)):
        return "self_referral", {"same": same}
    if case.conversion is not None and case.conversion.verdict != "earns":
        return case.conversion.verdict, {}
    if payment.state.is_out_of_band and not credit.enrollment.include_out_of_band:
        return "out_of_band", {}
    if case.decision is not None and not case.decision.is_approval:
        return "rejected", {"reason": case.decision.reason}
    commission = snapshot_of(case, credit).commission
    if products.needs_lines(payment.state, commission):
        return "waiting", reasons.for_invoice_lines(payment.state)
    exceeded = caps.exceeded(commission, case.standing, payment.state.occurred_at)
    return ("cap_reached", exceeded) if exceeded else ("", {})


def _has_known_terms(case: Case) -> bool:
    """Whether it is known what somebody's terms give on the payment, also where something keeps it from earning."""
    state, credit = case.payment.state, case.credit
    if case.payment.merged_into_id is not None or state.awaits_invoice or isinstance(credit, NoCredit):
        return False
    return not products.needs_lines(state, snapshot_of(case, credit).commission)


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
    may_pay_invoice = case.may_be_linked or case.payment.state.is_described_as_invoice
    if may_pay_invoice and not case.payment.is_of_invoice:
        return "waiting", reasons.for_invoice_link(case.payment.state)
    return "unattributed", {}


def _earning(case: Case, now: datetime) -> tuple[list[CommissionRecord], Outcome]:
    """The commissions of the credited partner and of its uplines as they should be now, all but their postings."""
    credit, state = case.credit, case.payment.state
    assert isinstance(credit, Credited), "an obstacle was found otherwise"
    calculation = _calculate(case, credit)
    if calculation.amount_minor == 0:
        return [], ("zero_base", {})
    if _is_in_other_currency(calculation, state, credit):
        return [], ("currency_mismatch", {})
    commissions = [_bring(case, one) for one in _beneficiaries(case, credit, calculation) if _is_worth_a_row(case, one)]
    _complete(case, credit, commissions)
    if state.hold.is_open(now) and not case.is_approved:
        return commissions, ("held", {})
    return commissions, ("adjusted" if calculation.returned_minor else "accrued", {})


def _stopped(case: Case) -> list[CommissionRecord]:
    """The commissions there are of what the terms would give, had nothing stopped the partner."""
    credit = case.credit
    assert isinstance(credit, Credited), "its terms are known"
    calculation = _calculate(case, credit)
    if calculation.amount_minor == 0 or _is_in_other_currency(calculation, case.payment.state, credit):
        return []
    partner, *uplines = _beneficiaries(case, credit, calculation)
    if _find(case, partner) is None:
        return []
    commissions = [_bring(case, one) for one in (partner, *uplines) if _find(case, one) is not None]
    _complete(case, credit, commissions)
    return commissions


def _calculate(case: Case, credit: Credited) -> Calculation:
    return rules.calculate(
        case.payment.state,
        snapshot_of(case, credit),
        approved_before=_approved_before(case, credit),
        include_out_of_band=credit.enrollment.include_out_of_band,
    )


def _approved_before(case: Case, credit: Credited) -> int:
    counted = tiers.counted(case, credit)
    return (case.approved_before or 0) if counted is None else counted


def _is_in_other_currency(calculation: Calculation, state: PaymentState, credit: Credited) -> bool:
    """Whether a fixed amount is in another currency than the payment."""
    return bool(calculation.fixed_minor) and state.currency != credit.enrollment.program_currency


def _beneficiaries(case: Case, credit: Credited, calculation: Calculation) -> list[Beneficiary]:
    """The partner, then its uplines."""
    enrollment = credit.enrollment
    organization_id = enrollment.partner_organization_id
    partner = Beneficiary(0, enrollment.partner_id, organization_id, snapshot_of(case, credit), calculation)
    return [partner, *ladder.beneficiaries(case, calculation)]


def _complete(case: Case, credit: Credited, commissions: Sequence[CommissionRecord]) -> None:
    """Give the partner's commission its tier count, cycle and maturity, and its uplines' what they take from it.

    What is decided of the conversion is decided of every level, by the clock too.
    """
    partner, *uplines = commissions
    commission = snapshot_of(case, credit).commission
    partner.approved_before = _approved_before(case, credit) if commission["type"] == "tiered" else None
    has_cycle = caps.has_limits(commission) and case.payment.state.billing is not None
    partner.cycle = case.standing.cycle if has_cycle else None
    partner.mature_at = _mature_at(partner, case.payment.state, is_at_once=credit.enrollment.auto_approve)
    for one in uplines:
        one.cycle, one.holdback_days, one.mature_at = partner.cycle, partner.holdback_days, partner.mature_at


def _mature_at(partner: CommissionRecord, state: PaymentState, *, is_at_once: bool) -> datetime | None:
    """When the commission may be approved by itself; without a holdback at once, or never.

    Which of these is judged when it is made: a program's change of mind moves nothing that has accrued.
    """
    if partner.stored is not None and partner.holdback_days is None:
        is_at_once = partner.stored["mature_at"] is not None
    matures_at = rules.matures_at(state.occurred_at, partner.holdback_days)
    return state.occurred_at if matures_at is None and is_at_once else matures_at


def _find(case: Case, one: Beneficiary) -> CommissionRecord | None:
    """Its commission, if there is one.

    A commission never changes its currency. Where a payment turns out to be in another, the former one is taken back.
    """
    identity = (one.level, one.partner_id, case.payment.state.currency)
    return next((each for each in case.commissions if (each.level, each.partner_id, each.currency) == identity), None)


def _is_worth_a_row(case: Case, one: Beneficiary) -> bool:
    return one.calculation.amount_minor > 0 or _find(case, one) is not None


def _bring(case: Case, one: Beneficiary) -> CommissionRecord:
    """The commission of one who earns, with its rate, base and amounts of now."""
    commission, calculation = _find(case, one), one.calculation
    if commission is None:
        commission = _new_commission(case, one)
        case.commissions.append(commission)
    commission.rate_bps = calculation.rate_bps
    commission.base_minor, commission.amount_minor = calculation.base_minor, calculation.amount_minor
    commission.calculation = calculation.details()
    commission.accrued_at = case.payment.state.occurred_at
    return commission


def _new_commission(case: Case, one: Beneficiary) -> CommissionRecord:
    assert case.conversion is not None, "whoever is credited has a conversion"
    return CommissionRecord(
        id=ids.new(),
        conversion_id=case.conversion.id,
        program_id=case.conversion.program_id,
        partner_id=one.partner_id,
        partner_organization_id=one.partner_organization_id,
        level=one.level,
        cycle=None,
        snapshot_id=one.snapshot.id,
        terms_id=one.snapshot.terms_id,
        currency=case.payment.state.currency,
        rate_bps=None,
        approved_before=None,
        base_minor=0,
        amount_minor=0,
        entry_count=0,
        calculation={},
        holdback_days=one.snapshot.holdback_days,
        accrued_at=case.payment.state.occurred_at,
        mature_at=None,
    )
