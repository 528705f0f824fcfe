"""Accounts, opened when first posted to."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.ledger.models import Account

PROGRAM_KINDS = ("commission_expense", "platform_fee")
"""Kinds that belong to the program; the others belong to a partner."""


class AccountKey(NamedTuple):
    """The identity of an account within an organization and a mode."""

    program_id: UUID
    partner_id: UUID | None
    kind: str
    currency: str


_FIND = text("""
    SELECT id, program_id, partner_id, kind, currency FROM accounts
    WHERE organization_id = :organization_id AND livemode = :livemode AND program_id = ANY(:program_ids)
      AND (partner_id IS NULL OR partner_id = ANY(:partner_ids))
""")


def open_accounts(
    session: Session,
    organization_id: UUID,
    keys: Iterable[AccountKey],
    *,
    livemode: bool,
    partner_organizations: dict[UUID, UUID | None],
) -> dict[AccountKey, UUID]:
    """The ids of these accounts; inserts those that do not exist."""
    distinct = set(keys)
    account_ids = _find(session, organization_id, distinct, livemode=livemode)
    missing = sorted(distinct - account_ids.keys(), key=str)
    if missing:
        rows = [
            {
                "id": ids.new(),
                "organization_id": organization_id,
                "livemode": livemode,
                "partner_organization_id": partner_organizations.get(key.partner_id) if key.partner_id else None,
                **key._asdict(),
            }
            for key in missing
        ]
        bulk.insert(session, Account, rows, tail="ON CONFLICT ON CONSTRAINT uq_accounts_identity DO NOTHING")
        account_ids |= _find(session, organization_id, distinct, livemode=livemode)
    return account_ids


def _find(
    session: Session, organization_id: UUID, keys: Iterable[AccountKey], *, livemode: bool
) -> dict[AccountKey, UUID]:
    values = {
        "organization_id": organization_id,
        "livemode": livemode,
        "program_ids": sorted({key.program_id for key in keys}),
        "partner_ids": sorted({key.partner_id for key in keys if key.partner_id}),
    }
    rows: Sequence[Row[Any]] = session.execute(_FIND, values).all()
    return {AccountKey(row.program_id, row.partner_id, row.kind, row.currency): row.id for row in rows}
