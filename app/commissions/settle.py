"""Settlement: what each commission should be now, minus what the ledger holds. One code path for one or thousands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.attribute import Attributions, Credited
from app.commissions import cases, decisions, earning, ladder, ranks, records, tiers
from app.commissions.cases import Case, Cause
from app.commissions.decisions import CLOCK, Decision
from app.commissions.records import CommissionRecord
from app.ledger import posting
from app.ledger.positions import Line, difference, release
from app.ledger.posting import Entry
from app.payments import record
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


def settle(
    session: Session, scope: Scope, attributions: Attributions, causes: Mapping[UUID, Cause], other: Cause
) -> list[Settled]:
    """Bring the commissions of every payment in `attributions` to what they should be.

    Args:
        attributions: the payments, and whom each is credited to.
        causes: by payment id, what its entries are put down to.
        other: what those of the payments are put down to that are reached through others.

    Expects the locks of the payments. Effects: writes payments, conversions, commissions, entries and postings; locks
    and settles the payments too whose billing cycle moves.
    """
    ranked = ranks.rank(session, scope, attributions)
    gathered = cases.gather(session, scope, ranked, causes, other)
    now, entries, settled = datetime.now(UTC), [], []
    ladder.look_up(session, scope.organization_id, gathered)
    for case in tiers.in_turn(session, gathered):
        former = case.payment.outcome
        posted = _settle_one(case, now)
        entries += posted
        kinds = {one.kind for one in posted}
        settled.append(Settled(case.payment, former, bool(posted), "accrual" in kinds and "adjustment" not in kinds))
    record.write(session, scope, [case.payment for case in gathered])
    conversions = [case.conversion for case in gathered if case.conversion is not None]
    commissions = [one for case in gathered for one in case.commissions]
    records.write(session, scope.organization_id, conversions, commissions)
    at_once = [one.decision for one in gathered if one.is_approved_at_once and one.decision is not None]
    decisions.record(session, scope.organization_id, at_once)
    posting.post(session, scope.organization_id, entries)
    return settled


def _settle_one(case: Case, now: datetime) -> list[Entry]:
    """Decide the payment's outcome, bring all its commissions there, and return the entries that takes."""
    earners = earning.judge(case, now=now)
    if earners and case.decision is None and earners[0].mature_at is not None:
        _approve_at_once(case, earners[0], now)
    earning_ids = {one.id for one in earners}
    return [entry for one in case.commissions for entry in _bring(case, one, is_earning=one.id in earning_ids)]


def _approve_at_once(case: Case, commission: CommissionRecord, now: datetime) -> None:
    """Approve what has no holdback to wait for and no dispute to hold it, as of the payment's own time."""
    until = case.payment.state.hold.until
    if commission.holdback_days is None and (until is None or until <= now):
        case.decision = Decision(case.payment.id, "approved", CLOCK, case.payment.state.occurred_at)
        case.is_approved_at_once = True


def _bring(case: Case, commission: CommissionRecord, *, is_earning: bool) -> list[Entry]:
    """Post the difference between what a commission holds and its target, and make payable what is approved."""
    if not is_earning and (commission.amount_minor or commission.position.held_minor):
        commission.amount_minor = 0
        commission.calculation = {
            **commission.calculation,
            "amount_minor": 0,
            "target_minor": 0,
            "formula": _why_nothing(case, commission),
        }
    decision = case.decision
    commission.approved_at = decision.decided_at if decision is not None and decision.is_approval else None
    target_minor = int(commission.calculation["target_minor"])
    change = difference(commission.position, target_minor, is_approved=case.is_approved)
    entries = []
    if change:
        kind = "accrual" if commission.entry_count == 0 else "adjustment"
        entries.append(_entry(case, commission, kind, change, str(commission.calculation["formula"])))
    if decision is not None and decision.is_approval and (released := release(commission.position)):
        reason = f"approved by {decision.decided_by}{f': {decision.reason}' if decision.reason else ''}"
        entries.append(_entry(case, commission, "approval", released, reason))
    return entries


def _entry(case: Case, commission: CommissionRecord, kind: str, lines: Sequence[Line], reason: str) -> Entry:
    """An entry of `lines`, by which the commission's position moves at once."""
    held_minor = commission.position.held_minor
    commission.position = commission.position.after(lines)
    commission.entry_count += 1
    return Entry(
        commission_id=commission.id,
        number=commission.entry_count,
        kind=kind,
        program_id=commission.program_id,
        partner_id=commission.partner_id,
        partner_organization_id=commission.partner_organization_id,
        currency=commission.currency,
        lines=lines,
        occurred_at=case.payment.state.occurred_at if kind == "accrual" else case.cause.occurred_at,
        cause=case.cause.by,
        details={
            "commission_id": ids.encode(ids.COMMISSION, commission.id),
            "reason": reason,
            "from_minor": held_minor,
            "to_minor": commission.position.held_minor,
            "calculation": dict(commission.calculation),
        },
    )


_STOPPED_BY: Final = {
    "rejected": "rejected: {reason}",
    "self_referral": "the customer is the partner: {same}",
    "cap_reached": "{limit}",
    "waiting": "it waits for {waiting_for}",
}


def _why_nothing(case: Case, commission: CommissionRecord) -> str:
    payment = case.payment
    if payment.merged_into_id is not None:
        return "merged into another payment"
    if payment.outcome in _STOPPED_BY:
        return _STOPPED_BY[payment.outcome].format_map(payment.outcome_details)
    if payment.state.base_minor == 0:
        return "nothing is left to pay a commission on"
    if not isinstance(case.credit, Credited):
        return "nothing credits the payment to this partner any more"
    if case.credit.enrollment.partner_id == commission.partner_id:
        return "the payment turned out to be in another currency"
    return "earlier or stronger evidence credits the payment to another partner"
