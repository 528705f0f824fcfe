"""What a posting or a line of a payout is about: a commission, or an opening balance."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.commissions.elsewhere.models import OpeningBalance


def openings_among(session: Session, posted_ids: Collection[UUID]) -> set[UUID]:
    """Those of `posted_ids` that are opening balances; the others are commissions."""
    if not posted_ids:
        return set()
    return set(session.scalars(select(OpeningBalance.id).where(among(OpeningBalance.id, posted_ids))))


def public_id(session: Session, posted_id: UUID) -> str:
    """The public id, `com_…` or `opb_…`."""
    is_opening = bool(openings_among(session, [posted_id]))
    return ids.encode(ids.OPENING_BALANCE if is_opening else ids.COMMISSION, posted_id)
