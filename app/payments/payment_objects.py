"""The Stripe objects of one movement of money, for those who only read: no locks, any id of them will do."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.payments.models import Payment, StripeObject
from app.payments.state.payment_group import KnownObject, PaymentGroup
from app.stripe_events.scope import SCOPE_SQL, Scope

KEY_KINDS: Final = ("invoice", "pi", "ch", "manual")
"""What a payment's key begins with."""


def scopes_of(session: Session, organization_ids: Sequence[UUID], stripe_id: str) -> list[Scope]:
    """Where this id is known: an id alone does not say its account and mode, and may be in several."""
    known = select(StripeObject.organization_id, StripeObject.account, StripeObject.livemode).where(
        StripeObject.id == stripe_id, StripeObject.organization_id.in_(organization_ids)
    )
    return sorted(Scope(*row) for row in session.execute(known))


_ROOT = text(f"SELECT root FROM stripe_objects WHERE {SCOPE_SQL} AND id = :stripe_id")


def payment_objects_of(session: Session, scope: Scope, stripe_id: str) -> list[StripeObject]:
    """All objects that are one movement of money with `stripe_id`, itself included; none if the id is unknown.

    A customer or a subscription is alone: it makes many payments and is none of them.
    """
    root = session.scalar(_ROOT, {**scope.parameters(), "stripe_id": stripe_id})
    if root is None:
        return []
    found = select(StripeObject).where(
        StripeObject.root == root,
        StripeObject.organization_id == scope.organization_id,
        StripeObject.account == scope.account,
        StripeObject.livemode == scope.livemode,
    )
    return list(session.scalars(found.order_by(StripeObject.id)))


def payment_group_of(payment_objects: Iterable[StripeObject]) -> PaymentGroup:
    """These objects of one movement of money with their links, to ask what they come to."""
    return PaymentGroup.of(
        KnownObject(one.kind, one.id, one.root, one.customer, one.subscription, one.facts, one.stated_at, one.older_at)
        for one in payment_objects
    )


_PAYMENT_IDS = text(f"""
    SELECT id FROM payments WHERE {SCOPE_SQL} AND key = ANY (:keys)
    UNION SELECT id FROM payments WHERE {SCOPE_SQL} AND subscription = :stripe_id AND subscription <> ''
    UNION SELECT id FROM payments WHERE {SCOPE_SQL} AND customer = :stripe_id AND customer <> ''
    ORDER BY id DESC LIMIT :limit
""")


def payments_of(session: Session, scope: Scope, stripe_id: str, *, limit: int) -> list[Payment]:
    """The newest payments that `stripe_id` is a part of, or that its customer or subscription made."""
    values = {
        **scope.parameters(),
        "stripe_id": stripe_id,
        "keys": [
            f"{kind}:{payment_object.id}"
            for payment_object in payment_objects_of(session, scope, stripe_id)
            for kind in KEY_KINDS
        ],
        "limit": limit,
    }
    found = session.scalars(_PAYMENT_IDS, values).all()
    return list(session.scalars(select(Payment).where(Payment.id.in_(found)).order_by(Payment.id.desc())))
