"""Marks of the addresses a payment's payer has shown: on the payment's Stripe objects, and anywhere as a customer."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.payments.record import PaymentRecord
from app.payments.state.payment_group import marks_in
from app.stripe_events.scope import SCOPE_SQL, Scope

_FACTS = text(f"SELECT id, facts FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY(:customers)")


def marks_of(session: Session, scope: Scope, records: Iterable[PaymentRecord]) -> dict[UUID, frozenset[str]]:
    """The marks of every payment's payer, by payment id.

    A customer's addresses are one person's: what was seen on one payment counts for all of the customer's.
    """
    wanted = list(records)
    customers = sorted({one.state.customer for one in wanted} - {""})
    rows = session.execute(_FACTS, {**scope.parameters(), "customers": customers}) if customers else ()
    by_customer = {row.id: marks_in(row.facts) for row in rows}
    nothing: frozenset[str] = frozenset()
    return {one.id: by_customer.get(one.state.customer, nothing).union(one.state.email_marks) for one in wanted}


_PAYMENTS = text(f"""
    SELECT id FROM payments
    WHERE {SCOPE_SQL} AND customer = ANY(:customers) AND customer <> '' AND merged_into_id IS NULL
""")


def payments_by(session: Session, scope: Scope, customers: Collection[str]) -> list[UUID]:
    """The standing payments of these customers."""
    values: Mapping[str, Any] = {**scope.parameters(), "customers": sorted(customers)}
    return list(session.scalars(_PAYMENTS, values)) if customers else []
