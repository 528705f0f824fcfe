"""The job that settles the payments of customers again whose history was recorded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.commissions.elsewhere.models import HAS_ENDED, STAMP
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.payments import objects, payment_rows
from app.payments.facts import EMAIL, Kind
from app.stripe_events.scope import SCOPE_SQL, Scope

PAGE: Final = 100
"""Customers whose payments are settled in one transaction."""

# All transactions have ended that may have settled a payment without the history, so every such payment can be seen.
_NEXT = text(f"""
    SELECT id, organization_id, '' AS account, livemode, stripe_customer_id, email_mark, cause FROM customer_histories
    WHERE settled_at IS NULL AND {HAS_ENDED}
      AND (organization_id, livemode) = (
        SELECT organization_id, livemode FROM customer_histories
        WHERE settled_at IS NULL AND {HAS_ENDED}
        ORDER BY organization_id, livemode LIMIT 1
      )
    ORDER BY id LIMIT :limit FOR UPDATE
""")
_CUSTOMERS = text(f"""
    SELECT id FROM stripe_objects
    WHERE {SCOPE_SQL} AND kind = '{Kind.CUSTOMER}' AND facts ?| CAST(:names AS text[])
""")
"""The kind is a literal, because the index on the facts of customers is only used where the statement says so."""
_STAMP = text(f"UPDATE customer_histories SET {STAMP} AND settled_at IS NULL")
_SETTLED = text("UPDATE customer_histories SET settled_at = :now WHERE id = ANY(:ids)")


def stamp_recorded(session: Session) -> None:
    """Give new histories the id of this transaction, which must change nothing else; they are settled after it."""
    session.execute(_STAMP)


def settle_recorded(session: Session, *, now: datetime, limit: int = PAGE) -> bool:
    """Settle again what the next customers with a new history paid; returns whether there may be more.

    Effects: as `settle_objects`; marks the histories as settled.
    """
    rows = session.execute(_NEXT, {"limit": limit}).all()
    if not rows:
        return False
    scope = Scope.of(rows[0])
    customers = {row.stripe_customer_id for row in rows if row.stripe_customer_id}
    customers |= set(_with_addresses(session, scope, [row.email_mark for row in rows if row.email_mark]))
    objects.lock(session, scope, customers)
    paid = payment_rows.load_of_subjects(session, scope, customers)
    named = {object_id for payment in paid for object_id in payment.object_ids}
    settle_objects(session, scope, objects.lock(session, scope, named), Cause(rows[0].cause, now))
    session.execute(_SETTLED, {"ids": [row.id for row in rows], "now": now})
    return len(rows) == limit


def _with_addresses(session: Session, scope: Scope, marks: Sequence[str]) -> Iterable[str]:
    """The known customers with an address that has one of these marks."""
    if not marks:
        return ()
    names = [f"{EMAIL}{mark}" for mark in marks]
    return session.scalars(_CUSTOMERS, {**scope.parameters(), "names": names})
