"""The recorded histories of customers, as billing cycles need them."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.commissions.cycles.elapsed import History
from app.payments.facts import EMAIL
from app.stripe_events.scope import SCOPE_SQL, Scope

# By the customer's id, and by every address that it has shown.
_LOAD = text(f"""
    WITH named AS (
        SELECT stripe_customer_id AS customer, first_paid_at, created_at FROM customer_histories
        WHERE organization_id = :organization_id AND livemode = :livemode AND stripe_customer_id = ANY(:customers)
        UNION ALL
        SELECT known.id, history.first_paid_at, history.created_at
        FROM (
            SELECT id, substr(name, {len(EMAIL) + 1}) AS mark
            FROM stripe_objects CROSS JOIN LATERAL jsonb_object_keys(facts) AS name
            WHERE {SCOPE_SQL} AND id = ANY(:customers) AND starts_with(name, '{EMAIL}')
        ) AS known
        JOIN customer_histories AS history
          ON history.organization_id = :organization_id AND history.livemode = :livemode
         AND history.email_mark = known.mark AND history.email_mark <> ''
    )
    SELECT customer, min(first_paid_at) AS first_paid_at, max(created_at) AS recorded_at FROM named GROUP BY customer
""")


def load(session: Session, scope: Scope, customers: Collection[str]) -> dict[str, History]:
    """The histories of these customers; ids that are none, such as subscriptions', have none."""
    rows = session.execute(_LOAD, {**scope.parameters(), "customers": sorted(customers)})
    return {row.customer: History(row.first_paid_at, row.recorded_at) for row in rows}
