"""Finding payments: those nobody is credited with, those that ended one way."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.api.pages import Numbered, cut, owned_by
from app.payments.models import Payment

NOBODYS: Final = ("unattributed", "unknown_code", "outside_window")
"""How a payment ends that no partner is credited with, and that a person could still attribute."""


def list_payments(
    session: Session,
    organization_ids: Sequence[UUID],
    wanted: Numbered,
    *,
    limit: int,
    outcome: str | None = None,
    attributed: bool | None = None,
) -> Sequence[Payment]:
    """A page of payments, newest first; those merged into others only where `outcome` asks for them.

    `attributed` False keeps those nobody is credited with, True all others. Raises InvalidRequest.
    """
    matching = select(Payment).where(owned_by(Payment.organization_id, organization_ids))
    if outcome != "merged":
        matching = matching.where(Payment.merged_into_id.is_(None))
    if outcome is not None:
        matching = matching.where(Payment.outcome == outcome)
    if attributed is not None:
        matching = matching.where(Payment.outcome.not_in(NOBODYS) if attributed else Payment.outcome.in_(NOBODYS))
    page = cut(matching, Payment.id, ids.PAYMENT, limit=limit, page=wanted.page, starting_after=wanted.starting_after)
    return session.scalars(page).all()
