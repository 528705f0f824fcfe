"""What a payment earns now, as a function of its `SettlementInput`. Pure: reads and writes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from app import ids
from app.attribution.rules import Credit, NoCredit
from app.commissions.cycles import caps
from app.commissions.decisions.decisions import Decision
from app.commissions.rates import amounts, ladder, tiers
from app.commissions.settling import self_referral, targets
from app.commissions.settling.rows import CommissionRow, ConversionRow
from app.commissions.settling.settlement import Cause, SettlementInput
from app.commissions.settling.targets import PaymentOutcome
from app.immutable import immutable
from app.partners.queries.directory import Enrollment
from app.payments.payment_rows import PaymentRow
from app.payments.waiting import reasons

UNKNOWN_TERMS: Final = ("merged", "waiting")
"""Outcomes of payments whose commission cannot be computed, because data is missing or belongs to another payment."""


@immutable
class Result:
    """What a payment earns, as it is to be written.

    Attributes:
        payment: with its new outcome.
        former_outcome: its outcome before; "" for a new payment.
        cause: the cause that is recorded with its entries.
        conversion: None if it was never credited to a partner.
        commissions: all of the payment's, each with its target; their ledger positions are those before posting.
        decision: the approval or rejection that counts.
        is_approved_at_once: whether settling itself makes `decision` (automatic approval without a holdback).
        is_withheld: whether an automatic approval does not count, because a hold is older than it.
    """

    payment: PaymentRow
    former_outcome: str
    cause: Cause
    conversion: ConversionRow | None
    commissions: Sequence[CommissionRow]
    decision: Decision | None
    is_approved_at_once: bool
    is_withheld: bool

    @property
    def is_approved(self) -> bool:
        """Whether its commissions are payable."""
        return self.decision is not None and self.decision.is_approval


def evaluate_all(inputs: Sequence[SettlementInput], *, now: datetime) -> list[Result]:
    """The results in the order of `inputs`: what an earlier one approves counts for the tiers of later ones."""
    if all(settlement.approved_before is None for settlement in inputs):
        return [evaluate(settlement, now=now) for settlement in inputs]
    results: list[Result] = []
    approved: dict[UUID, list[datetime]] = {}
    for settlement in inputs:
        result = evaluate(tiers.counting(settlement, approved), now=now)
        for partner_id, approved_at in tiers.newly_approved(settlement, result.commissions):
            approved.setdefault(partner_id, []).append(approved_at)
        results.append(result)
    return results


def evaluate(settlement: SettlementInput, *, now: datetime) -> Result:
    """Conversion, outcome and commissions of a payment as they should be at `now`. Only the ids of new rows differ."""
    decision_before = decision = _counting_decision(settlement, now)
    conversion = _conversion(settlement)
    outcome = _obstacle(settlement, conversion, decision)
    earning: Sequence[CommissionRow] = ()
    stopped: Sequence[CommissionRow] = ()
    if isinstance(settlement.credit, Credit) and conversion is not None:
        if not outcome[0]:
            earning, outcome, decision = targets.earning_commissions(
                settlement, settlement.credit, conversion, decision, now
            )
        elif outcome[0] not in UNKNOWN_TERMS:
            stopped = targets.stopped_commissions(settlement, settlement.credit, conversion)
    name, details = outcome
    if settlement.instead_of:
        details = {**details, "conflict": settlement.instead_of}
    return Result(
        payment=replace(settlement.payment, outcome=name, outcome_details=details),
        former_outcome=settlement.payment.outcome,
        cause=settlement.cause,
        conversion=conversion,
        commissions=targets.every_commission(settlement, outcome, earning, stopped),
        decision=decision,
        is_approved_at_once=decision is not decision_before,
        is_withheld=decision_before is not settlement.decision,
    )


def _counting_decision(settlement: SettlementInput, now: datetime) -> Decision | None:
    """The decision; None if the clock approved while a hold had begun, which was not known then.

    Such an approval stays if a part of it is already in a payout.
    """
    decision = settlement.decision
    if (
        decision is None
        or not decision.is_automatic
        or not settlement.payment.state.hold.outranks(decision.made_at, now)
    ):
        return decision
    commissions = [
        *settlement.commissions,
        *(commission for merged in settlement.merged for commission in merged.commissions),
    ]
    return decision if any(commission.was_in_payout for commission in commissions) else None


def _conversion(settlement: SettlementInput) -> ConversionRow | None:
    """The conversion of the credited partner; the former conversion if no partner is credited now."""
    credit, former = settlement.credit, settlement.conversion
    if isinstance(credit, NoCredit) or settlement.payment.merged_into_id or settlement.payment.state.awaits_invoice:
        return former
    enrollment, before = credit.enrollment, _judged_before(settlement, credit)
    return ConversionRow(
        id=former.id if former else ids.new(),
        payment_id=settlement.payment.id,
        program_id=enrollment.program_id,
        partner_id=enrollment.partner_id,
        partner_organization_id=enrollment.partner_organization_id,
        attribution_id=credit.attribution_id,
        verdict=_verdict(settlement, enrollment, before),
        email_mark=enrollment.email_mark if before is None else before.email_mark,
        uplines=ladder.earning_uplines(settlement, before),
        stored=former.stored if former else None,
    )


def _judged_before(settlement: SettlementInput, credit: Credit) -> ConversionRow | None:
    """The former conversion, if its verdict on this partner stays; None if a person credits the payment again."""
    former = settlement.conversion
    if former is None or former.partner_id != credit.enrollment.partner_id:
        return None
    return None if credit.is_by_hand and former.attribution_id != credit.attribution_id else former


def _verdict(settlement: SettlementInput, enrollment: Enrollment, before: ConversionRow | None) -> str:
    """Whether the partner earns: decided when the money is first credited to it, and kept.

    So a refund after the partner was paused still reduces what it earned, and so does an invoice that turns out to be
    money with which the partner has earned already.
    """
    if any(merged.conversion.partner_id == enrollment.partner_id for merged in settlement.merged):
        return "earns"
    return before.verdict if before is not None else enrollment.verdict(settlement.payment.state.signals)


def _obstacle(
    settlement: SettlementInput, conversion: ConversionRow | None, decision: Decision | None
) -> PaymentOutcome:
    """The outcome of a payment that earns nothing, and its details; `("", {})` if nothing keeps it from earning."""
    payment, credit = settlement.payment, settlement.credit
    if payment.merged_into_id is not None:
        return "merged", {"merged_into": ids.encode(ids.PAYMENT, payment.merged_into_id)}
    if payment.state.awaits_invoice:
        return "waiting", reasons.for_invoice(payment.state)
    if isinstance(credit, NoCredit):
        return _uncredited(settlement, credit)
    return _obstacle_of_partner(settlement, credit, conversion, decision)


def _obstacle_of_partner(
    settlement: SettlementInput, credit: Credit, conversion: ConversionRow | None, decision: Decision | None
) -> PaymentOutcome:
    """The outcome if the credited partner earns nothing on the payment; `("", {})` if nothing keeps it from earning."""
    state, enrollment = settlement.payment.state, credit.enrollment
    is_left_out = state.is_out_of_band and not enrollment.include_out_of_band
    cutoff_at = enrollment.live_cutoff_at if settlement.livemode else enrollment.test_cutoff_at
    if cutoff_at is not None and state.occurred_at < cutoff_at and not is_left_out:
        return "before_cutoff", {"cutoff_at": cutoff_at.isoformat()}
    if conversion is not None and (same := self_referral.reason(conversion, settlement.payer_marks)):
        return "self_referral", {"same": same}
    if conversion is not None and conversion.verdict != "earns":
        return conversion.verdict, {}
    if is_left_out:
        return "out_of_band", {}
    if decision is not None and not decision.is_approval:
        return "rejected", {"reason": decision.reason}
    commission = settlement.snapshot_of(credit).commission
    if amounts.needs_lines(state, commission):
        return "waiting", reasons.for_invoice_lines(state)
    exceeded = caps.exceeded(commission, settlement.cycle_position, state.occurred_at)
    return ("cap_reached", exceeded) if exceeded else ("", {})


def _uncredited(settlement: SettlementInput, credit: NoCredit) -> PaymentOutcome:
    """The outcome of a payment that is credited to no partner."""
    state = settlement.payment.state
    if state.base_minor == 0:
        return "out_of_band" if state.is_out_of_band else "zero_base", {}
    if credit.by_hand:
        return "unattributed", {"by_hand": credit.by_hand}
    if credit.is_outside_window:
        return "outside_window", {}
    if credit.unknown_name:
        return "unknown_code", {"code": credit.unknown_name}
    if (settlement.may_be_linked or state.is_described_as_invoice) and not settlement.payment.is_of_invoice:
        return "waiting", reasons.for_invoice_link(state)
    return "unattributed", {}
