"""Payments to decide about: grouped by scope, and locked."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app.payments import objects, payment_rows
from app.payments.objects import LockedObjects
from app.stripe_events.scope import Scope, Scoped


class OfPayment(Scoped, Protocol):
    """A row with the id and the scope of a payment."""

    payment_id: UUID


def by_scope(rows: Sequence[OfPayment]) -> dict[Scope, list[UUID]]:
    """The payments of `rows`, each once, by scope; sorted, so that every transaction locks them in the same order."""
    payments = sorted({(Scope.of(row), row.payment_id) for row in rows})
    return {scope: [payment_id for _, payment_id in of_scope] for scope, of_scope in groupby(payments, itemgetter(0))}


def lock(session: Session, scope: Scope, payment_ids: Sequence[UUID]) -> LockedObjects:
    """The objects of these payments, all locked. Read the payments again after it: they may have changed meanwhile."""
    unlocked = payment_rows.load(session, payment_ids)
    return objects.lock(session, scope, {object_id for payment in unlocked for object_id in payment.object_ids})
