"""Settlement: what each commission should be now, minus what the ledger holds. One code path for one or thousands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution.attribute import Attributions, Credited
from app.commissions.by_hand import paid
from app.commissions.cycles import billing_cycles
from app.commissions.decisions import decisions
from app.commissions.decisions.decisions import CLOCK, Decision
from app.commissions.rates import ladder, tiers
from app.commissions.settling import evaluate, rows, settlement
from app.commissions.settling.rows import CommissionRecord
from app.commissions.settling.settlement import Case, Cause
from app.ledger import posting
from app.ledger.positions import Line, difference, release, withhold
from app.ledger.posting import Entry
from app.payments import record
from app.payments.record import PaymentRecord
from app.sentences.entries import APPROVED, CALCULATED, HELD
from app.stripe_events.scope import Scope

SCHEMA_VERSION: Final = 1
"""Of the details of an entry; raise it where a reader must know the difference."""


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
    ranked = billing_cycles.rank(session, scope, attributions)
    gathered = settlement.gather(session, scope, ranked, causes, other)
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
    rows.write(session, scope.organization_id, conversions, commissions)
    at_once = [one.decision for one in gathered if one.is_approved_at_once and one.decision is not None]
    decisions.record(session, scope.organization_id, at_once)
    posting.post(session, scope.organization_id, entries)
    return settled


def _settle_one(case: Case, now: datetime) -> list[Entry]:
    """Decide the payment's outcome, bring all its commissions there, and return the entries that takes."""
    _withhold(case, now)
    judged = evaluate.evaluate(case, now=now)
    if judged.earning and case.decision is None and judged.earning[0].mature_at is not None:
        _approve_at_once(case, judged.earning[0], now)
    earning_ids, stopped_ids = ({one.id for one in group} for group in (judged.earning, judged.stopped))
    entries = []
    for one in case.commissions:
        if one.id not in earning_ids:
            _empty(case, one, keeps_amount=one.id in stopped_ids)
        decision = case.decision if case.is_approved and one.id in earning_ids else None
        one.approved_at = decision.decided_at if decision is not None else None
        entries += _bring(case, one)
    return entries


def _withhold(case: Case, now: datetime) -> None:
    """Leave out an automatic approval that a hold is older than, unless anything of it is in a payout.

    It is no person's word: had the hold been known when it was made, it would not have been made.
    """
    decision = case.decision
    if decision is None or not decision.is_automatic or not case.payment.state.hold.outranks(decision.made_at, now):
        return
    commissions = [*case.commissions, *(one for each in case.merged for one in each.commissions)]
    if not paid.is_in_payout(commissions):
        case.decision, case.is_withheld = None, True


def _approve_at_once(case: Case, commission: CommissionRecord, now: datetime) -> None:
    """Approve what has no holdback to wait for and no dispute to hold it, as of the payment's own time."""
    if commission.holdback_days is None and not case.payment.state.hold.is_open(now):
        case.decision = Decision(case.payment.id, "approved", CLOCK, case.payment.state.occurred_at, now)
        case.is_approved_at_once = True


def _empty(case: Case, commission: CommissionRecord, *, keeps_amount: bool) -> None:
    """Make a commission worth nothing, with the reason as `stopped_by` in its calculation.

    Args:
        keeps_amount: whether the terms still give it its amount, which is then all reversed.
    """
    if not keeps_amount and not commission.amount_minor and not commission.position.held_minor:
        return
    if not keeps_amount:
        commission.amount_minor = 0
    why = _why_nothing(case, commission)
    changed = {"amount_minor": commission.amount_minor, "target_minor": 0, "stopped_by": why}
    commission.calculation = {**commission.calculation, **changed}


def _bring(case: Case, commission: CommissionRecord) -> list[Entry]:
    """Post the difference between what a commission holds and its target, and make payable what is approved."""
    decision = case.decision
    change = difference(commission.position, int(commission.calculation["target_minor"]), is_approved=case.is_approved)
    entries = []
    if change:
        kind = "accrual" if commission.entry_count == 0 else "adjustment"
        entries.append(_entry(case, commission, kind, change, {"reason": CALCULATED}))
    if decision is not None and decision.is_approval and (released := release(commission.position)):
        because = {"because": decision.reason} if decision.reason else {}
        reason = {"reason": APPROVED, "decided_by": decision.decided_by, **because}
        entries.append(_entry(case, commission, "approval", released, reason))
    if case.is_withheld and (withheld := withhold(commission.position)):
        entries.append(_entry(case, commission, "hold", withheld, _why_withheld(case)))
    return entries


def _why_withheld(case: Case) -> dict[str, Any]:
    hold = case.payment.state.hold
    assert hold.since is not None, "a hold has begun"
    return {"reason": HELD, "held_by": hold.reason, "held_since": hold.since.isoformat()}


def _entry(
    case: Case, commission: CommissionRecord, kind: str, lines: Sequence[Line], reason: Mapping[str, Any]
) -> Entry:
    """An entry of `lines`, by which the commission's position moves at once.

    Args:
        reason: its code with its parameters, as `app.sentences.entries` reads it.
    """
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
        level=commission.level,
        currency=commission.currency,
        lines=lines,
        occurred_at=case.payment.state.occurred_at if kind == "accrual" else case.cause.occurred_at,
        cause=case.cause.by,
        details={
            "schema_version": SCHEMA_VERSION,
            "commission_id": ids.encode(ids.COMMISSION, commission.id),
            **reason,
            "from_minor": held_minor,
            "to_minor": commission.position.held_minor,
            "calculation": dict(commission.calculation),
        },
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


def _why_nothing(case: Case, commission: CommissionRecord) -> dict[str, Any]:
    """Why a commission is worth nothing: a code, and what completes it; `app.sentences.calculations` reads it."""
    payment = case.payment
    if payment.merged_into_id is not None:
        return {"code": "merged"}
    if payment.outcome in _STOPPING:
        details = {name: value for name, value in payment.outcome_details.items() if name != "conflict"}
        return {**details, "code": payment.outcome}
    if payment.state.base_minor == 0:
        return {"code": "zero_base"}
    if not isinstance(case.credit, Credited):
        return {"code": "uncredited"}
    is_partners_own = case.credit.enrollment.partner_id == commission.partner_id
    return {"code": "other_currency" if is_partners_own else "other_partner"}
