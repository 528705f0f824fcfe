"""How many conversions a partner had had approved: counted once, when a payment first earns, and kept."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution.attribute import Credited
from app.bulk import encode
from app.commissions.settling.rows import CommissionRecord
from app.commissions.settling.settlement import Case, snapshot_of

# Two drains that settle payments of one partner at once count one after the other, so that neither misses what the
# other approves. Taken after every lock of objects.
_HOLD = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('approved before ' || held.partner_id, 0))
    FROM (SELECT DISTINCT partner_id FROM unnest(CAST(:partner_ids AS uuid[])) AS partner_id ORDER BY 1) AS held
""")

# What was merged away, credited elsewhere, rejected or capped is approved at no time; what came back in full still
# counts, as does every other approved conversion. No further than the highest tier: beyond that the number decides
# nothing.
_COUNT = text("""
    SELECT wanted.payment_id, counted.approved_before
    FROM json_to_recordset(CAST(:wanted AS json))
         AS wanted(payment_id uuid, partner_id uuid, occurred_at timestamptz, most integer),
    LATERAL (
        SELECT count(*) AS approved_before FROM (
            SELECT FROM commissions
            WHERE partner_id = wanted.partner_id AND level = 0 AND approved_at <= wanted.occurred_at
              AND amount_minor > 0
            LIMIT wanted.most
        ) AS approved
    ) AS counted
""")


def counted(case: Case, credit: Credited) -> int | None:
    """What was counted for the payment, or one merged into it, when it first earned; None if nothing was."""
    every = [*case.commissions, *(one for each in case.merged for one in each.commissions)]
    own = (one for one in every if one.level == 0 and one.partner_id == credit.enrollment.partner_id)
    return next((one.approved_before for one in own if one.approved_before is not None), None)


def in_turn(session: Session, cases: Sequence[Case]) -> Iterator[Case]:
    """The cases in the order they are to be settled in, each with its count where its terms have tiers.

    A case is settled before the next is taken: what it gets approved counts for the later ones. No query where no terms
    in question have tiers.
    """
    wanted = [row for case in cases if (row := _wanted(case)) is not None]
    if not wanted:
        yield from cases
        return
    session.execute(_HOLD, {"partner_ids": [row["partner_id"] for row in wanted]})
    counts = {row.payment_id: row.approved_before for row in session.execute(_COUNT, {"wanted": encode(wanted)})}
    approved: dict[UUID, list[datetime]] = {}
    for case in sorted(cases, key=lambda one: (one.payment.state.occurred_at, one.payment.state.key)):
        if case.payment.id in counts and isinstance(case.credit, Credited):
            before = approved.get(case.credit.enrollment.partner_id, ())
            others = sum(1 for moment in before if moment <= case.payment.state.occurred_at)
            case.approved_before = counts[case.payment.id] + others
        yield case
        for commission in case.commissions:
            if commission.approved_at is not None and _is_newly_approved(case, commission):
                approved.setdefault(commission.partner_id, []).append(commission.approved_at)


def _wanted(case: Case) -> dict[str, object] | None:
    """What to count for the case; None where nothing is to be."""
    credit = case.credit
    if case.payment.merged_into_id is not None or not isinstance(credit, Credited):
        return None
    if not any(one.commission["type"] == "tiered" for one in credit.enrollment.snapshots):
        return None
    commission = snapshot_of(case, credit).commission
    if commission["type"] != "tiered" or counted(case, credit) is not None:
        return None
    return {
        "payment_id": case.payment.id,
        "partner_id": credit.enrollment.partner_id,
        "occurred_at": case.payment.state.occurred_at,
        "most": commission["tiers"][-1]["min_conversions"],
    }


def _is_newly_approved(case: Case, commission: CommissionRecord) -> bool:
    """Whether it counts from now on, and did not in the database, nor did a payment merged into this one."""
    twins = [one for each in case.merged for one in each.commissions if one.partner_id == commission.partner_id]
    before = [one.stored for one in (commission, *twins) if one.stored is not None]
    did_count = any(row["approved_at"] is not None and row["amount_minor"] > 0 for row in before)
    return commission.level == 0 and commission.amount_minor > 0 and not did_count
