"""Positions of commissions, and times of approvals, computed from postings."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.ledger.positions import POSITION_KINDS, Position

_POSITIONS = text("""
    SELECT postings.commission_id, accounts.kind, -sum(postings.amount_minor)::bigint AS sum_minor
    FROM postings JOIN accounts ON accounts.id = postings.account_id
    WHERE postings.commission_id = ANY(:commission_ids) AND accounts.kind <> 'commission_expense'
    GROUP BY postings.commission_id, accounts.kind
""")


_APPROVALS = text("""
    SELECT postings.commission_id, max(entry.created_at) AS posted_at
    FROM postings JOIN journal_entries AS entry ON entry.id = postings.entry_id
    WHERE postings.commission_id = ANY(:commission_ids) AND entry.kind = 'approval'
    GROUP BY postings.commission_id
""")


def approvals_posted_at(session: Session, commission_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When an approval of each of these commissions was last posted; commissions without an approval have no entry."""
    ordered = list(commission_ids)
    if not ordered:
        return {}
    return {row.commission_id: row.posted_at for row in session.execute(_APPROVALS, {"commission_ids": ordered})}


def positions(session: Session, commission_ids: Iterable[UUID]) -> dict[UUID, Position]:
    """The position of each of these commissions in the ledger; empty without postings."""
    ordered = list(commission_ids)
    if not ordered:
        return {}
    sums: dict[UUID, dict[str, int]] = {commission_id: {} for commission_id in ordered}
    for row in session.execute(_POSITIONS, {"commission_ids": ordered}):
        sums[row.commission_id][POSITION_KINDS[row.kind]] = row.sum_minor
    return {commission_id: Position(**fields) for commission_id, fields in sums.items()}
