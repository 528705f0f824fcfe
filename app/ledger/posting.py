"""The only writer of the ledger: balanced entries, added and never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.errors import UnbalancedEntry
from app.immutable import immutable
from app.ledger.models import PROGRAM_KINDS, Account, EntryReason, JournalEntry, PostedCommission, Posting
from app.ledger.positions import Line


@immutable
class Entry:
    """One business fact about commissions or opening balances of one partner in one currency, to be posted.

    Attributes:
        key: the idempotency key, so that posting an entry twice by mistake fails: `<commission>:<n>`, where n counts
            the commission's own entries from 1, or a payout's step (`pyt_…:paid`), or the id of a write-off.
        parts: each commission or opening balance with its lines, which sum to zero.
        details: everything needed to explain the entry without a replay: codes, ids and figures.
        because: what a person gave as the reason, which is stored apart from the entry; "" for nothing.
        first_of_level: the level of the commission, if this is its first entry; None otherwise.
        is_opening: whether it is the first entry of an opening balance, which has no level.
    """

    key: str
    kind: str
    program_id: UUID
    partner_id: UUID
    partner_organization_id: UUID | None
    currency: str
    parts: Sequence[tuple[UUID, Sequence[Line]]]
    occurred_at: datetime
    cause: str
    details: Mapping[str, Any]
    first_of_level: int | None = None
    is_opening: bool = False
    because: str = ""


_OF_A_COMMISSION: Final = ("program_id", "partner_id", "currency")
"""The fields that `Entry` and `PostedCommission` both have."""


class _AccountKey(NamedTuple):
    """The identity of an account within an organization and a mode."""

    program_id: UUID
    partner_id: UUID | None
    kind: str
    currency: str


_RECORDING_TIME = text("SELECT recording_time(CAST(:program_ids AS uuid[]))")
"""Takes the programs' shared locks, for which fences wait; it must be the last wait before entries are inserted."""


def post(session: Session, organization_id: UUID, entries: Sequence[Entry], *, livemode: bool) -> None:
    """Append `entries` with their postings and the commissions that are new to the ledger, each in one statement.

    Expects the locks of the commissions' payments. Raises UnbalancedEntry before anything is written.
    """
    if not entries:
        return
    for entry in entries:
        for commission_id, lines in entry.parts:
            if sum(line.amount_minor for line in lines) != 0:
                raise UnbalancedEntry(f"The entry {entry.key} does not balance for the commission {commission_id}.")
    owner = {"organization_id": organization_id, "livemode": livemode}
    keys = {_account(entry, line) for entry in entries for _, lines in entry.parts for line in lines}
    partners = {entry.partner_id: entry.partner_organization_id for entry in entries}
    accounts = _open_accounts(session, owner, keys, partners)
    entry_rows, posting_rows, first_rows, reasons = [], [], [], []
    for entry in entries:
        entry_id = ids.new()
        entry_rows.append(_entry_row(owner, entry_id, entry))
        if entry.because:
            reasons.append({**owner, "entry_id": entry_id, "reason": entry.because})
        if entry.first_of_level is not None or entry.is_opening:
            shared = {**owner, "level": entry.first_of_level, "earned_at": entry.occurred_at}
            shared |= {name: getattr(entry, name) for name in _OF_A_COMMISSION}
            first_rows += [{**shared, "commission_id": commission_id} for commission_id, _ in entry.parts]
        flat = ((commission_id, line) for commission_id, lines in entry.parts for line in lines)
        for number, (commission_id, line) in enumerate(flat, start=1):
            posting_rows.append(
                {
                    **owner,
                    "entry_id": entry_id,
                    "line": number,
                    "account_id": accounts[_account(entry, line)],
                    "commission_id": commission_id,
                    "amount_minor": line.amount_minor,
                    "currency": entry.currency,
                }
            )
    programs = list({entry.program_id for entry in entries})
    recorded_at = session.execute(_RECORDING_TIME, {"program_ids": programs}).scalar_one()
    bulk.insert(session, JournalEntry, [{**row, "recorded_at": recorded_at} for row in entry_rows])
    if reasons:
        bulk.insert(session, EntryReason, reasons)
    bulk.insert(session, PostedCommission, first_rows)
    bulk.insert(session, Posting, posting_rows)


def _entry_row(owner: Mapping[str, Any], entry_id: UUID, entry: Entry) -> dict[str, Any]:
    return {
        **owner,
        "id": entry_id,
        "kind": entry.kind,
        "idempotency_key": entry.key,
        "occurred_at": entry.occurred_at,
        "cause": entry.cause,
        "details": dict(entry.details),
    }


def _account(entry: Entry, line: Line) -> _AccountKey:
    partner_id = None if line.account_kind in PROGRAM_KINDS else entry.partner_id
    return _AccountKey(entry.program_id, partner_id, line.account_kind, entry.currency)


_FIND = text("""
    SELECT id, program_id, partner_id, kind, currency FROM accounts
    WHERE organization_id = :organization_id AND livemode = :livemode AND program_id = ANY(:program_ids)
      AND partner_id = ANY(:partner_ids)
    UNION ALL
    SELECT id, program_id, partner_id, kind, currency FROM accounts
    WHERE organization_id = :organization_id AND livemode = :livemode AND program_id = ANY(:program_ids)
      AND partner_id IS NULL
""")


def _open_accounts(
    session: Session,
    owner: Mapping[str, Any],
    keys: set[_AccountKey],
    partner_organizations: Mapping[UUID, UUID | None],
) -> dict[_AccountKey, UUID]:
    """The ids of these accounts; inserts those that do not exist."""
    account_ids = _find(session, owner, keys)
    missing = sorted(keys - account_ids.keys(), key=str)
    if missing:
        rows = [
            {
                **owner,
                "id": ids.new(),
                "partner_organization_id": partner_organizations.get(key.partner_id) if key.partner_id else None,
                **key._asdict(),
            }
            for key in missing
        ]
        bulk.insert(session, Account, rows, tail="ON CONFLICT ON CONSTRAINT uq_accounts_identity DO NOTHING")
        account_ids |= _find(session, owner, keys)
    return account_ids


def _find(session: Session, owner: Mapping[str, Any], keys: set[_AccountKey]) -> dict[_AccountKey, UUID]:
    values = {
        **owner,
        "program_ids": sorted({key.program_id for key in keys}),
        "partner_ids": sorted({key.partner_id for key in keys if key.partner_id}),
    }
    rows = session.execute(_FIND, values)
    return {_AccountKey(row.program_id, row.partner_id, row.kind, row.currency): row.id for row in rows}
