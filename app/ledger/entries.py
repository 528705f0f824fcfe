"""Journal entries with their postings, to be read."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


class PostedLine(NamedTuple):
    """A posting with the time, kind and cause of its entry; minor units, debits positive and credits negative."""

    entry_id: UUID
    occurred_at: datetime
    kind: str
    cause: str
    account: str
    amount_minor: int
    currency: str


_LINES = text("""
    SELECT entry.id AS entry_id, entry.occurred_at, entry.kind, entry.cause, account.kind AS account,
           posting.amount_minor, posting.currency
    FROM journal_entries AS entry
    JOIN postings AS posting ON posting.entry_id = entry.id
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE entry.organization_id = :organization_id
    ORDER BY entry.id, posting.line
""")


def list_entries(session: Session, organization_id: UUID | None) -> Sequence[PostedLine]:
    """Every posting of an organization, entry by entry in the order they were posted."""
    rows = session.execute(_LINES, {"organization_id": organization_id})
    return [PostedLine(*row) for row in rows]
