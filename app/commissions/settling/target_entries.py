"""The ledger entries that bring each commission of a payment to its target: always only the difference. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app import ids
from app.commissions.settling.evaluate import Result
from app.commissions.settling.rows import CommissionRow
from app.ledger.positions import Line, difference, release, withhold
from app.ledger.posting import Entry
from app.sentences.calculations import APPROVED, CALCULATED, HELD

SCHEMA_VERSION: Final = 1
"""The version of an entry's details; increase it if readers must distinguish a new format."""


def entries_of(result: Result) -> tuple[list[CommissionRow], list[Entry]]:
    """The commissions of `result` after the entries are posted, and the entries."""
    commissions, entries = [], []
    for former in result.commissions:
        commission, own = _brought_to_target(result, former)
        commissions.append(commission)
        entries += own
    return commissions, entries


def _brought_to_target(result: Result, commission: CommissionRow) -> tuple[CommissionRow, list[Entry]]:
    """The entry for the difference between ledger and target, then the entry that makes an approved amount payable."""
    entries: list[Entry] = []
    decision = result.decision
    change = difference(commission.position, commission.target_minor, is_approved=result.is_approved)
    if change:
        kind = "accrual" if commission.entry_count == 0 else "adjustment"
        because = decision.reason if decision is not None and not decision.is_approval else ""
        commission, entry = _posted(result, commission, kind, change, {"reason": CALCULATED}, because)
        entries.append(entry)
    if decision is not None and decision.is_approval and (released := release(commission.position)):
        reason = {"reason": APPROVED, "decided_by": decision.decided_by}
        commission, entry = _posted(result, commission, "approval", released, reason, decision.reason)
        entries.append(entry)
    if result.is_withheld and (withheld := withhold(commission.position)):
        commission, entry = _posted(result, commission, "hold", withheld, _why_withheld(result))
        entries.append(entry)
    return commission, entries


def _why_withheld(result: Result) -> dict[str, Any]:
    hold = result.payment.state.hold
    assert hold.since is not None, "a hold has begun"
    return {"reason": HELD, "held_by": hold.reason, "held_since": hold.since.isoformat()}


def _posted(
    result: Result,
    commission: CommissionRow,
    kind: str,
    lines: Sequence[Line],
    reason: Mapping[str, Any],
    because: str = "",
) -> tuple[CommissionRow, Entry]:
    """The commission after an entry of `lines`, and that entry.

    `reason` has a code of `app.sentences.calculations`, `because` the words of a person.
    """
    after = replace(commission, position=commission.position.after(lines), entry_count=commission.entry_count + 1)
    public_id = ids.encode(ids.COMMISSION, after.id)
    entry = Entry(
        key=f"{public_id}:{after.entry_count}",
        kind=kind,
        program_id=after.program_id,
        partner_id=after.partner_id,
        partner_organization_id=after.partner_organization_id,
        currency=after.currency,
        parts=[(after.id, lines)],
        occurred_at=result.payment.state.occurred_at if kind == "accrual" else result.cause.occurred_at,
        cause=result.cause.by,
        details={
            "schema_version": SCHEMA_VERSION,
            "commission_id": public_id,
            **reason,
            "from_minor": commission.position.posted_minor,
            "to_minor": after.position.posted_minor,
            "calculation": dict(after.calculation),
        },
        first_of_level=after.level if after.entry_count == 1 else None,
        because=because,
    )
    return after, entry
