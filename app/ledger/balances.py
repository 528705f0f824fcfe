"""Positions of commissions, and times of approvals, computed from postings."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.ledger.positions import POSITION_FIELDS, WRITTEN_OFF, Position

_POSITIONS = text("""
    SELECT postings.commission_id, accounts.kind, -sum(postings.amount_minor)::bigint AS sum_minor
    FROM postings JOIN accounts ON accounts.id = postings.account_id
    WHERE postings.commission_id = ANY(:commission_ids) AND accounts.kind <> 'commission_expense'
    GROUP BY postings.commission_id, accounts.kind
""")

_WRITE_OFFS = text("""
    SELECT posting.commission_id,
           -sum(least(posting.amount_minor, 0))::bigint AS credits_minor,
           -sum(greatest(posting.amount_minor, 0))::bigint AS debts_minor
    FROM postings AS posting
    JOIN accounts AS account ON account.id = posting.account_id
    JOIN journal_entries AS entry ON entry.id = posting.entry_id
    WHERE posting.commission_id = ANY(:commission_ids) AND account.kind = 'written_off' AND entry.kind = 'write_off'
    GROUP BY posting.commission_id
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
    written_off = []
    for row in session.execute(_POSITIONS, {"commission_ids": ordered}):
        if row.kind == WRITTEN_OFF:
            written_off.append(row.commission_id)
        sums[row.commission_id][POSITION_FIELDS[row.kind]] = row.sum_minor
    for row in session.execute(_WRITE_OFFS, {"commission_ids": written_off}) if written_off else ():
        sums[row.commission_id] |= {"ended_credits_minor": row.credits_minor, "ended_debts_minor": row.debts_minor}
    return {commission_id: Position(**fields) for commission_id, fields in sums.items()}
