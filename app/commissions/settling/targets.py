"""What each commission on a payment should be: rate, base, amount and target. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from app import ids
from app.attribution.rules import Credit
from app.commissions.decisions.decisions import CLOCK, Decision
from app.commissions.rates import amounts, ladder, tiers
from app.commissions.rates.ladder import Beneficiary
from app.commissions.settling.rows import CommissionRow, ConversionRow
from app.commissions.settling.settlement import SettlementInput

PaymentOutcome = tuple[str, Mapping[str, Any]]
"""The outcome of a payment: a code of `OUTCOMES`, and the codes and numbers that complete its sentence."""


def earning_commissions(
    settlement: SettlementInput, credit: Credit, conversion: ConversionRow, decision: Decision | None, now: datetime
) -> tuple[list[CommissionRow], PaymentOutcome, Decision | None]:
    """The commissions of the credited partner and of its uplines as they should be now.

    Args:
        settlement: the payment with everything that decides what it earns.
        credit: its credit.
        conversion: as it will be written.
        decision: the approval or rejection that counts, if there is one already.
        now: the time of the evaluation.

    Returns:
        The commissions; the payment's outcome; and the decision that counts, which may be an approval made at once.
    """
    beneficiaries, nothing = _beneficiaries(settlement, credit, conversion)
    if nothing:
        return [], (nothing, {}), decision
    schedule, is_held = _schedule(settlement, credit, beneficiaries[0]), settlement.payment.state.hold.is_open(now)
    if decision is None and not is_held and schedule["holdback_days"] is None and schedule["mature_at"] is not None:
        # Without a holdback and without a hold it is approved as of the payment's own time.
        decision = Decision(settlement.payment.id, "approved", CLOCK, settlement.payment.state.occurred_at, now)
    is_approved = decision is not None and decision.is_approval
    schedule["approved_at"] = decision.decided_at if decision is not None and is_approved else None
    worth = [
        beneficiary
        for beneficiary in beneficiaries
        if beneficiary.calculation.amount_minor or _former(settlement, beneficiary)
    ]
    commissions = [_commission(settlement, credit, conversion, beneficiary, schedule) for beneficiary in worth]
    if is_held and not is_approved:
        return commissions, ("held", {}), decision
    return commissions, ("adjusted" if beneficiaries[0].calculation.returned_minor else "accrued", {}), decision


def stopped_commissions(settlement: SettlementInput, credit: Credit, conversion: ConversionRow) -> list[CommissionRow]:
    """The existing commissions of a payment that earns nothing now, with the amounts that the terms give.

    `every_commission` sets their target to 0. Empty while data is missing from which the amounts follow, and for a
    partner without terms, which has never been active.
    """
    if not credit.enrollment.snapshots:
        return []
    if amounts.needs_lines(settlement.payment.state, settlement.snapshot_of(credit).commission):
        return []
    beneficiaries, nothing = _beneficiaries(settlement, credit, conversion)
    if nothing or _former(settlement, beneficiaries[0]) is None:
        return []
    schedule = _schedule(settlement, credit, beneficiaries[0])
    stored = [beneficiary for beneficiary in beneficiaries if _former(settlement, beneficiary)]
    return [_commission(settlement, credit, conversion, beneficiary, schedule) for beneficiary in stored]


def every_commission(
    settlement: SettlementInput,
    outcome: PaymentOutcome,
    earning: Sequence[CommissionRow],
    stopped: Sequence[CommissionRow],
) -> list[CommissionRow]:
    """Every commission of the payment: those that earn; and all others that exist, with a target of 0."""
    earn = {commission.id: commission for commission in earning}
    keep = {commission.id: commission for commission in stopped}
    former = [
        earn.pop(commission.id)
        if commission.id in earn
        else _emptied(settlement, outcome, commission, keep.get(commission.id))
        for commission in settlement.commissions
    ]
    return [*former, *earn.values()]


def _emptied(
    settlement: SettlementInput, outcome: PaymentOutcome, commission: CommissionRow, stopped: CommissionRow | None
) -> CommissionRow:
    """`commission` with a target of 0, and the reason as `stopped_by` in its calculation.

    Args:
        settlement: the payment with everything that decides what it earns.
        outcome: the outcome of the payment.
        commission: the stored commission.
        stopped: the commission with the amount that the terms give; None if they give nothing.
    """
    if stopped is None and not commission.amount_minor and not commission.position.posted_minor:
        return replace(commission, approved_at=None)
    emptied = stopped or replace(commission, amount_minor=0)
    why = _why_nothing(settlement, outcome, commission)
    changed = {"amount_minor": emptied.amount_minor, "target_minor": 0, "stopped_by": why}
    return replace(emptied, approved_at=None, calculation={**emptied.calculation, **changed})


def _beneficiaries(
    settlement: SettlementInput, credit: Credit, conversion: ConversionRow
) -> tuple[list[Beneficiary], str]:
    """The partner and then its uplines, with ""; or no beneficiaries, with the outcome that explains why."""
    enrollment, snapshot, state = credit.enrollment, settlement.snapshot_of(credit), settlement.payment.state
    calculation = amounts.calculate(
        state,
        snapshot,
        approved_before=_approved_before(settlement, credit),
        include_out_of_band=enrollment.include_out_of_band,
    )
    if calculation.amount_minor == 0:
        return [], "zero_base"
    if calculation.fixed_minor and state.currency != enrollment.program_currency:
        return [], "currency_mismatch"
    partner = Beneficiary(0, enrollment.partner_id, enrollment.partner_organization_id, snapshot, calculation)
    return [partner, *ladder.beneficiaries(settlement, conversion, calculation)], ""


def _approved_before(settlement: SettlementInput, credit: Credit) -> int:
    counted = tiers.counted(settlement, credit)
    return (settlement.approved_before or 0) if counted is None else counted


def _schedule(settlement: SettlementInput, credit: Credit, partner: Beneficiary) -> dict[str, Any]:
    """Cycle, holdback and maturity of the partner's commission; its uplines' commissions have the same.

    A decision about a conversion holds for every level. Without a holdback a commission is approved at once or by a
    person only; this is fixed when the commission is made, so a later change of `auto_approve` does not affect it.
    """
    state, former = settlement.payment.state, _former(settlement, partner)
    holdback_days = former.holdback_days if former else partner.snapshot.holdback_days
    mature_at = None if holdback_days is None else state.occurred_at + timedelta(days=holdback_days)
    is_at_once = former.mature_at is not None if former else credit.enrollment.auto_approve
    if holdback_days is None and is_at_once:
        mature_at = state.occurred_at
    has_cycle = partner.snapshot.commission.has_limits and state.billing is not None
    cycle = settlement.cycle_position.cycle if has_cycle else None
    return {"cycle": cycle, "holdback_days": holdback_days, "mature_at": mature_at, "approved_at": None}


def _commission(
    settlement: SettlementInput,
    credit: Credit,
    conversion: ConversionRow,
    beneficiary: Beneficiary,
    schedule: Mapping[str, Any],
) -> CommissionRow:
    """A beneficiary's commission with its present rate, base and amounts."""
    calculation, former = beneficiary.calculation, _former(settlement, beneficiary)
    is_counted = beneficiary.level == 0 and beneficiary.snapshot.commission.most_counted is not None
    values = {
        **schedule,
        "rate_bps": calculation.rate_bps,
        "base_minor": calculation.base_minor,
        "amount_minor": calculation.amount_minor,
        "calculation": calculation.details(),
        "accrued_at": settlement.payment.state.occurred_at,
        "approved_before": _approved_before(settlement, credit) if is_counted else None,
    }
    if former is not None:
        return replace(former, **values)
    return CommissionRow(
        id=ids.new(),
        conversion_id=conversion.id,
        program_id=conversion.program_id,
        partner_id=beneficiary.partner_id,
        partner_organization_id=beneficiary.partner_organization_id,
        level=beneficiary.level,
        snapshot_id=beneficiary.snapshot.id,
        terms_id=beneficiary.snapshot.terms_id,
        currency=settlement.payment.state.currency,
        entry_count=0,
        **values,
    )


def _former(settlement: SettlementInput, beneficiary: Beneficiary) -> CommissionRow | None:
    """The commission that a beneficiary has already, in the payment's currency.

    A commission never changes its currency. If a payment turns out to be in another one, its former commission is
    reversed and a new one is made.
    """
    identity = (beneficiary.level, beneficiary.partner_id, settlement.payment.state.currency)
    return next(
        (each for each in settlement.commissions if (each.level, each.partner_id, each.currency) == identity), None
    )


_STOPPING: Final = (
    "partner_inactive",
    "program_inactive",
    "kind_mismatch",
    "self_referral",
    "cap_reached",
    "before_cutoff",
    "waiting",
)
"""Outcomes that are themselves the reason why a commission is worth nothing."""


def _why_nothing(settlement: SettlementInput, outcome: PaymentOutcome, commission: CommissionRow) -> dict[str, Any]:
    """Why a commission is worth nothing: a code, and what completes it; `app.sentences.calculations` reads it."""
    name, details = outcome
    if settlement.payment.merged_into_id is not None:
        return {"code": "merged"}
    if name == "rejected":
        return {"code": name}  # a person's words are with the decision and with the entry, never in figures
    if name in _STOPPING:
        return {**details, "code": name}
    if settlement.payment.state.base_minor == 0:
        return {"code": "zero_base"}
    if not isinstance(settlement.credit, Credit):
        return {"code": "uncredited"}
    is_partners_own = settlement.credit.enrollment.partner_id == commission.partner_id
    return {"code": "other_currency" if is_partners_own else "other_partner"}
