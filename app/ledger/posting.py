"""The only writer of the ledger: balanced entries, added and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import bulk, ids
from app.errors import UnbalancedEntry
from app.ledger.accounts import PROGRAM_KINDS, AccountKey, open_accounts
from app.ledger.models import JournalEntry, PostedCommission, Posting
from app.ledger.positions import Line


@dataclass(frozen=True, slots=True)
class Entry:
    """One business fact about one commission, to be posted.

    `number` counts the commission's entries from 1; with the commission it is the idempotency key, so that posting an
    entry twice by mistake fails. `details` has everything needed to explain the entry without a replay.
    """

    commission_id: UUID
    number: int
    kind: str
    program_id: UUID
    partner_id: UUID
    partner_organization_id: UUID | None
    level: int
    currency: str
    lines: Sequence[Line]
    occurred_at: datetime
    cause: str
    details: Mapping[str, Any]


_OF_A_COMMISSION: Final = ("commission_id", "program_id", "partner_id", "level", "currency")
"""The fields that `Entry` and `PostedCommission` both have."""


def post(session: Session, organization_id: UUID, entries: Sequence[Entry], *, livemode: bool) -> None:
    """Append `entries` with their postings and the commissions that are new to the ledger, each in one statement.

    Expects the locks of the commissions' payments. Raises UnbalancedEntry before anything is written.
    """
    if not entries:
        return
    for entry in entries:
        if sum(line.amount_minor for line in entry.lines) != 0:
            raise UnbalancedEntry(f"The entry {entry.commission_id}:{entry.number} does not balance.")
    partners = {entry.partner_id: entry.partner_organization_id for entry in entries}
    keys = {_account(entry, line) for entry in entries for line in entry.lines}
    accounts = open_accounts(session, organization_id, keys, livemode=livemode, partner_organizations=partners)
    owner = {"organization_id": organization_id, "livemode": livemode}
    entry_rows, posting_rows = [], []
    for entry in entries:
        entry_id = ids.new()
        entry_rows.append(_entry_row(owner, entry_id, entry))
        for number, line in enumerate(entry.lines, start=1):
            posting_rows.append(
                {
                    **owner,
                    "entry_id": entry_id,
                    "line": number,
                    "account_id": accounts[_account(entry, line)],
                    "commission_id": entry.commission_id,
                    "amount_minor": line.amount_minor,
                    "currency": entry.currency,
                }
            )
    bulk.insert(session, JournalEntry, entry_rows)
    bulk.insert(
        session,
        PostedCommission,
        [
            {
                **owner,
                "earned_at": entry.occurred_at,
                **{name: getattr(entry, name) for name in _OF_A_COMMISSION},
            }
            for entry in entries
            if entry.number == 1
        ],
    )
    bulk.insert(session, Posting, posting_rows)


def _entry_row(owner: Mapping[str, Any], entry_id: UUID, entry: Entry) -> dict[str, Any]:
    return {
        **owner,
        "id": entry_id,
        "kind": entry.kind,
        "idempotency_key": f"{ids.encode(ids.COMMISSION, entry.commission_id)}:{entry.number}",
        "occurred_at": entry.occurred_at,
        "cause": entry.cause,
        "details": dict(entry.details),
    }


def _account(entry: Entry, line: Line) -> AccountKey:
    partner_id = None if line.account_kind in PROGRAM_KINDS else entry.partner_id
    return AccountKey(entry.program_id, partner_id, line.account_kind, entry.currency)
