"""What each commission on a payment should be: rate, base, amount and target, whatever the ledger holds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app import ids
from app.attribution.rules import Credit
from app.commissions.cycles import caps
from app.commissions.decisions.decisions import Decision
from app.commissions.rates import ladder, products, rules, tiers
from app.commissions.rates.ladder import Beneficiary
from app.commissions.settling.rows import CommissionRow
from app.commissions.settling.settlement import SettlementInput
from app.payments.state.state import PaymentState

Outcome = tuple[str, Mapping[str, Any]]
"""One of `OUTCOMES` and the codes and numbers that complete its sentence."""


def earning_commissions(given: SettlementInput, credit: Credit, now: datetime) -> tuple[list[CommissionRow], Outcome]:
    """The commissions of the credited partner and of its uplines as they should be now, and the payment's outcome."""
    beneficiaries, nothing = _beneficiaries(given, credit)
    if nothing:
        return [], (nothing, {})
    worth = [one for one in beneficiaries if one.calculation.amount_minor or _former(given, one)]
    commissions = _commissions(given, credit, worth)
    is_approved = given.decision is not None and given.decision.is_approval
    if given.payment.state.hold.is_open(now) and not is_approved:
        return commissions, ("held", {})
    return commissions, ("adjusted" if beneficiaries[0].calculation.returned_minor else "accrued", {})


def stopped_commissions(given: SettlementInput, credit: Credit) -> list[CommissionRow]:
    """The commissions there are of what the terms would give, had nothing stopped the partner.

    They keep the amount that the terms give, and are worth nothing. None while it is not known what the terms give.
    """
    if products.needs_lines(given.payment.state, given.snapshot_of(credit).commission):
        return []
    beneficiaries, nothing = _beneficiaries(given, credit)
    if nothing or _former(given, beneficiaries[0]) is None:
        return []
    return _commissions(given, credit, [one for one in beneficiaries if _former(given, one)])


def every_commission(
    given: SettlementInput,
    outcome: Outcome,
    earning: Sequence[CommissionRow],
    stopped: Sequence[CommissionRow],
    decision: Decision | None,
) -> list[CommissionRow]:
    """Every commission of the payment: those that earn, and the others, which are worth nothing."""
    is_approved = decision is not None and decision.is_approval
    approved_at = decision.decided_at if decision is not None and is_approved else None
    earn = {one.id: replace(one, approved_at=approved_at) for one in earning}
    keep = {one.id: one for one in stopped}
    former = [
        earn.pop(one.id) if one.id in earn else _emptied(given, outcome, one, keep.get(one.id))
        for one in given.commissions
    ]
    return [*former, *earn.values()]


def _emptied(
    given: SettlementInput, outcome: Outcome, commission: CommissionRow, stopped: CommissionRow | None
) -> CommissionRow:
    """A commission that is worth nothing, with the reason as `stopped_by` in its calculation.

    Args:
        given: what decides of the payment.
        outcome: the payment's.
        commission: as it was.
        stopped: as the terms would give it; None where they give nothing.
    """
    if stopped is None and not commission.amount_minor and not commission.position.held_minor:
        return replace(commission, approved_at=None)
    emptied = stopped or replace(commission, amount_minor=0)
    why = _why_nothing(given, outcome, commission)
    changed = {"amount_minor": emptied.amount_minor, "target_minor": 0, "stopped_by": why}
    return replace(emptied, approved_at=None, calculation={**emptied.calculation, **changed})


def _beneficiaries(given: SettlementInput, credit: Credit) -> tuple[list[Beneficiary], str]:
    """The partner, then its uplines; or none, with the outcome that says why the terms give nothing."""
    enrollment, snapshot, state = credit.enrollment, given.snapshot_of(credit), given.payment.state
    calculation = rules.calculate(
        state,
        snapshot,
        approved_before=_approved_before(given, credit),
        include_out_of_band=enrollment.include_out_of_band,
    )
    if calculation.amount_minor == 0:
        return [], "zero_base"
    if calculation.fixed_minor and state.currency != enrollment.program_currency:
        return [], "currency_mismatch"
    partner = Beneficiary(0, enrollment.partner_id, enrollment.partner_organization_id, snapshot, calculation)
    return [partner, *ladder.beneficiaries(given, calculation)], ""


def _approved_before(given: SettlementInput, credit: Credit) -> int:
    counted = tiers.counted(given, credit)
    return (given.approved_before or 0) if counted is None else counted


def _commissions(given: SettlementInput, credit: Credit, beneficiaries: Sequence[Beneficiary]) -> list[CommissionRow]:
    """The commission of each; the uplines' take cycle, holdback and maturity from the partner's.

    What is decided of the conversion is decided of every level, by the clock too.
    """
    state = given.payment.state
    partner, *uplines = (_commission(given, one) for one in beneficiaries)
    commission = beneficiaries[0].snapshot.commission
    has_cycle = caps.has_limits(commission) and state.billing is not None
    partner = replace(
        partner,
        approved_before=_approved_before(given, credit) if commission["type"] == "tiered" else None,
        cycle=given.position.cycle if has_cycle else None,
        mature_at=_mature_at(partner, state, is_at_once=credit.enrollment.auto_approve),
    )
    inherited: dict[str, Any] = {name: getattr(partner, name) for name in ("cycle", "holdback_days", "mature_at")}
    return [partner, *(replace(one, **inherited) for one in uplines)]


def _commission(given: SettlementInput, one: Beneficiary) -> CommissionRow:
    """A beneficiary's commission with its rate, base and amounts of now."""
    calculation = one.calculation
    return replace(
        _former(given, one) or _new_commission(given, one),
        rate_bps=calculation.rate_bps,
        base_minor=calculation.base_minor,
        amount_minor=calculation.amount_minor,
        calculation=calculation.details(),
        accrued_at=given.payment.state.occurred_at,
    )


def _mature_at(partner: CommissionRow, state: PaymentState, *, is_at_once: bool) -> datetime | None:
    """When the commission may be approved by itself; without a holdback at once, or never.

    Which of these is found when it is made: a program that changes its mind moves nothing that has accrued.
    """
    if partner.stored is not None and partner.holdback_days is None:
        is_at_once = partner.stored["mature_at"] is not None
    matures_at = rules.matures_at(state.occurred_at, partner.holdback_days)
    return state.occurred_at if matures_at is None and is_at_once else matures_at


def _former(given: SettlementInput, one: Beneficiary) -> CommissionRow | None:
    """The commission that a beneficiary has already.

    A commission never changes its currency. Where a payment turns out to be in another, the former one is reversed.
    """
    identity = (one.level, one.partner_id, given.payment.state.currency)
    return next((each for each in given.commissions if (each.level, each.partner_id, each.currency) == identity), None)


def _new_commission(given: SettlementInput, one: Beneficiary) -> CommissionRow:
    assert given.conversion is not None, "a payment that is credited has a conversion"
    return CommissionRow(
        id=ids.new(),
        conversion_id=given.conversion.id,
        program_id=given.conversion.program_id,
        partner_id=one.partner_id,
        partner_organization_id=one.partner_organization_id,
        level=one.level,
        cycle=None,
        snapshot_id=one.snapshot.id,
        terms_id=one.snapshot.terms_id,
        currency=given.payment.state.currency,
        rate_bps=None,
        approved_before=None,
        base_minor=0,
        amount_minor=0,
        entry_count=0,
        calculation={},
        holdback_days=one.snapshot.holdback_days,
        accrued_at=given.payment.state.occurred_at,
        mature_at=None,
    )


_STOPPING: Final = (
    "rejected",
    "partner_inactive",
    "program_inactive",
    "kind_mismatch",
    "self_referral",
    "cap_reached",
    "waiting",
)
"""Outcomes that leave a commission worth nothing, and are the reason why."""


def _why_nothing(given: SettlementInput, outcome: Outcome, commission: CommissionRow) -> dict[str, Any]:
    """Why a commission is worth nothing: a code, and what completes it; `app.sentences.calculations` reads it."""
    name, details = outcome
    if given.payment.merged_into_id is not None:
        return {"code": "merged"}
    if name in _STOPPING:
        return {**details, "code": name}
    if given.payment.state.base_minor == 0:
        return {"code": "zero_base"}
    if not isinstance(given.credit, Credit):
        return {"code": "uncredited"}
    is_partners_own = given.credit.enrollment.partner_id == commission.partner_id
    return {"code": "other_currency" if is_partners_own else "other_partner"}
