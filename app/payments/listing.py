"""Finding payments: those nobody is credited with, those that ended one way, those a Stripe id is part of."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
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


# Every Stripe object that is one movement of money with the one named, itself included. Scopes are tried all, because
# an id alone does not say its scope.
_FACES = text("""
    SELECT DISTINCT face.id
    FROM stripe_objects AS named JOIN stripe_objects AS face USING (organization_id, account, livemode, root)
    WHERE named.id = :stripe_id AND named.organization_id = ANY (:organization_ids)
""")

_PAYMENT_IDS = text("""
    SELECT id FROM payments WHERE organization_id = ANY (:organization_ids) AND key = ANY (:keys)
    UNION SELECT id FROM payments
    WHERE organization_id = ANY (:organization_ids) AND subscription = :stripe_id AND subscription <> ''
    UNION SELECT id FROM payments
    WHERE organization_id = ANY (:organization_ids) AND customer = :stripe_id AND customer <> ''
    ORDER BY id DESC LIMIT :limit
""")


def faces_of(session: Session, organization_ids: Sequence[UUID], stripe_id: str) -> list[str]:
    """The ids of all Stripe objects that are one movement of money with `stripe_id`."""
    values = {"organization_ids": list(organization_ids), "stripe_id": stripe_id}
    return list(session.scalars(_FACES, values))


def payments_named(
    session: Session, organization_ids: Sequence[UUID], stripe_id: str, *, limit: int
) -> Sequence[Payment]:
    """The newest payments that `stripe_id` is a part of, or that its customer or subscription made."""
    faces = faces_of(session, organization_ids, stripe_id)
    values = {
        "organization_ids": list(organization_ids),
        "stripe_id": stripe_id,
        "keys": [f"{kind}:{face}" for face in faces for kind in ("invoice", "pi", "ch")],
        "limit": limit,
    }
    found = session.scalars(_PAYMENT_IDS, values).all()
    return session.scalars(select(Payment).where(Payment.id.in_(found)).order_by(Payment.id.desc())).all()
