"""Loads the Stripe objects of a payment by the id of any of them, without locks."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import and_, or_, select, text
from sqlalchemy.orm import Session

from app.payments.models import Payment, StripeObject
from app.payments.state.payment_group import KnownObject, PaymentGroup
from app.stripe_events.scope import SCOPE_SQL, Scope

KEY_KINDS: Final = ("invoice", "pi", "ch", "manual")
"""Prefixes of payments' keys."""


def scopes_of(session: Session, organization_ids: Sequence[UUID], stripe_id: str) -> list[Scope]:
    """The organizations, accounts and modes in which this Stripe id exists; the same id may exist in several."""
    known = select(StripeObject.organization_id, StripeObject.account, StripeObject.livemode).where(
        StripeObject.id == stripe_id, StripeObject.organization_id.in_(organization_ids)
    )
    return sorted(Scope(*row) for row in session.execute(known))


_ROOT = text(f"SELECT root FROM stripe_objects WHERE {SCOPE_SQL} AND id = :stripe_id")


def payment_objects_of(session: Session, scope: Scope, stripe_id: str) -> list[StripeObject]:
    """All objects of the same payment as `stripe_id`, itself included; none if the id is unknown.

    A customer or subscription is returned alone, since it has many payments and is part of none.
    """
    root = session.scalar(_ROOT, {**scope.parameters(), "stripe_id": stripe_id})
    if root is None:
        return []
    members = select(StripeObject).where(
        or_(
            and_(StripeObject.id == root, StripeObject.root == root),
            and_(StripeObject.root == root, StripeObject.root != StripeObject.id),
        ),
        StripeObject.organization_id == scope.organization_id,
        StripeObject.account == scope.account,
        StripeObject.livemode == scope.livemode,
    )
    return list(session.scalars(members.order_by(StripeObject.id)))


def payment_group_of(payment_objects: Iterable[StripeObject]) -> PaymentGroup:
    """The payment group of these objects, from which the payment's state is computed."""
    return PaymentGroup.of(
        KnownObject(row.kind, row.id, row.root, row.customer, row.subscription, row.facts, row.stated_at, row.older_at)
        for row in payment_objects
    )


# The objects of payments that have the id as customer or subscription.
_OBJECT_IDS = text(f"""
    WITH roots AS (
        SELECT root FROM stripe_objects WHERE {SCOPE_SQL} AND subscription = :stripe_id AND subscription <> ''
        UNION SELECT root FROM stripe_objects WHERE {SCOPE_SQL} AND customer = :stripe_id AND customer <> ''
    )
    SELECT id FROM stripe_objects WHERE {SCOPE_SQL} AND id IN (SELECT root FROM roots) AND root = id
    UNION SELECT id FROM stripe_objects WHERE {SCOPE_SQL} AND root IN (SELECT root FROM roots) AND root <> id
""")
_PAYMENT_IDS = text(f"""
    SELECT id FROM payments
    WHERE {SCOPE_SQL} AND key = ANY (:keys)
      AND (subscription = :stripe_id OR customer = :stripe_id OR split_part(key, ':', 2) = ANY (:own_ids))
    ORDER BY id DESC LIMIT :limit
""")


def payments_of(
    session: Session, scope: Scope, stripe_id: str, payment_objects: Iterable[StripeObject], *, limit: int
) -> list[Payment]:
    """The newest payments that `stripe_id` belongs to, or that have it as customer or subscription.

    `payment_objects` are those of `payment_objects_of` for it.
    """
    parameters = {**scope.parameters(), "stripe_id": stripe_id, "limit": limit}
    own_ids = [payment_object.id for payment_object in payment_objects]
    object_ids = {*own_ids, *session.scalars(_OBJECT_IDS, parameters)}
    keys = [f"{kind}:{object_id}" for object_id in object_ids for kind in KEY_KINDS]
    payment_ids = session.scalars(_PAYMENT_IDS, {**parameters, "own_ids": own_ids, "keys": keys}).all()
    return list(session.scalars(select(Payment).where(Payment.id.in_(payment_ids)).order_by(Payment.id.desc())))
