"""Counts a partner's approved conversions for tiers: once, when a payment first earns; stored with its commission."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.attribution.rules import Credit
from app.bulk import encode
from app.commissions.settling.rows import CommissionRow
from app.commissions.settling.settlement import SettlementInput
from app.stripe_events.scope import Scope

# Two drains that settle payments of one partner at once count one after the other, so that neither misses what the
# other approves. Taken after every lock of objects.
_LOCK_COUNTS = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('approved before ' || partner.partner_id, 0))
    FROM (SELECT DISTINCT partner_id FROM unnest(CAST(:partner_ids AS uuid[])) AS partner_id ORDER BY 1) AS partner
""")

# A conversion that was merged, credited elsewhere, rejected or above a limit has no `approved_at`. A fully refunded one
# has, and counts. Counting ends at the highest tier, because a larger number changes nothing.
_COUNT = text("""
    SELECT requested.payment_id, counted.approved_before
    FROM json_to_recordset(CAST(:rows AS json))
         AS requested(payment_id uuid, partner_id uuid, occurred_at timestamptz, most integer),
    LATERAL (
        SELECT count(*) AS approved_before FROM (
            SELECT FROM commissions
            WHERE partner_id = requested.partner_id AND livemode = :livemode AND level = 0
              AND approved_at <= requested.occurred_at AND amount_minor > 0
            LIMIT requested.most
        ) AS approved
    ) AS counted
""")


def counted(settlement: SettlementInput, credit: Credit) -> int | None:
    """The number that was counted when the payment, or one merged into it, first earned; None if none was."""
    commissions = [
        *settlement.commissions,
        *(commission for merged in settlement.merged for commission in merged.commissions),
    ]
    own = (
        commission
        for commission in commissions
        if commission.level == 0 and commission.partner_id == credit.enrollment.partner_id
    )
    return next((commission.approved_before for commission in own if commission.approved_before is not None), None)


def load_counts(session: Session, scope: Scope, inputs: Sequence[SettlementInput]) -> list[SettlementInput]:
    """`inputs` in the order in which they must be evaluated, each with its count if its terms have tiers.

    No query if no terms have tiers.

    Effects: locks the counts of those partners until the transaction ends.
    """
    to_count = [row for settlement in inputs if (row := _to_count(settlement)) is not None]
    if not to_count:
        return list(inputs)
    session.execute(_LOCK_COUNTS, {"partner_ids": [row["partner_id"] for row in to_count]})
    values = {"livemode": scope.livemode, "rows": encode(to_count)}
    counts = {row.payment_id: row.approved_before for row in session.execute(_COUNT, values)}
    in_order = sorted(
        inputs, key=lambda settlement: (settlement.payment.state.occurred_at, settlement.payment.state.key)
    )
    return [replace(settlement, approved_before=counts.get(settlement.payment.id)) for settlement in in_order]


def _to_count(settlement: SettlementInput) -> dict[str, object] | None:
    """What to count for the payment; None if nothing."""
    credit = settlement.credit
    if settlement.payment.merged_into_id is not None or not isinstance(credit, Credit):
        return None
    if not any(snapshot.commission.most_counted is not None for snapshot in credit.enrollment.snapshots):
        return None
    most = settlement.snapshot_of(credit).commission.most_counted
    if most is None or counted(settlement, credit) is not None:
        return None
    return {
        "payment_id": settlement.payment.id,
        "partner_id": credit.enrollment.partner_id,
        "occurred_at": settlement.payment.state.occurred_at,
        "most": most,
    }


def counting(settlement: SettlementInput, approved: Mapping[UUID, Sequence[datetime]]) -> SettlementInput:
    """`settlement` with the approvals of the same batch, listed by partner id, added to its count."""
    if settlement.approved_before is None or not isinstance(settlement.credit, Credit):
        return settlement
    before = approved.get(settlement.credit.enrollment.partner_id, ())
    others = sum(1 for moment in before if moment <= settlement.payment.state.occurred_at)
    return replace(settlement, approved_before=settlement.approved_before + others)


def newly_approved(settlement: SettlementInput, commissions: Iterable[CommissionRow]) -> list[tuple[UUID, datetime]]:
    """Partner and time of the new approvals of this settlement: not those in the database or of a merged payment."""
    return [
        (commission.partner_id, commission.approved_at)
        for commission in commissions
        if commission.approved_at is not None
        and commission.level == 0
        and commission.amount_minor > 0
        and not _counted_before(settlement, commission)
    ]


def _counted_before(settlement: SettlementInput, commission: CommissionRow) -> bool:
    twins = [
        twin for merged in settlement.merged for twin in merged.commissions if twin.partner_id == commission.partner_id
    ]
    before = [row.stored for row in (commission, *twins) if row.stored is not None]
    return any(row["approved_at"] is not None and row["amount_minor"] > 0 for row in before)
