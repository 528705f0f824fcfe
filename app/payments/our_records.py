"""Loads our payments and facts for the comparison with Stripe's documents."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.stripe_events.scope import SCOPE_SQL, Scope


@immutable
class Payment:
    """A stored payment, to be compared with Stripe's documents; amounts in minor units.

    `is_credited`: it has a credit note or a reported refund, or was overpaid, so that its returned amount may differ
    from that of its charge.
    """

    id: UUID
    key: str
    currency: str
    gross_minor: int
    returned_minor: int
    is_credited: bool


@immutable
class OurRecords:
    """Our payments and facts for the documents of a page.

    Attributes:
        payments: by key, and by the id of their charge.
        facts: the stored facts of Stripe objects, by id.
        invoiced: PaymentIntents and charges that paid an invoice, which is compared instead.
        explained: charges with a difference in a refund or dispute that was found already.
    """

    payments: Mapping[str, Payment] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    invoiced: frozenset[str] = frozenset()
    explained: frozenset[str] = frozenset()


_CREDITED = """
    payment.base_details ? 'overpaid_minor' OR EXISTS (SELECT FROM stripe_objects AS own JOIN stripe_objects AS note
                ON note.root = own.root AND note.root <> note.id AND note.organization_id = own.organization_id
               AND note.account = own.account AND note.livemode = own.livemode
               AND note.kind IN ('credit_note', 'reported_refund')
            WHERE own.id = split_part(payment.key, ':', 2) AND own.organization_id = payment.organization_id
              AND own.account = payment.account AND own.livemode = payment.livemode)
"""

_COLUMNS = (
    f"id, key, charge, currency, gross_minor, returned_minor, ({_CREDITED}) AS is_credited FROM payments AS payment"
)

# By key, and by the root of the object: the root of a charge that paid an invoice is the invoice.
_PAYMENTS = text(f"""
    SELECT {_COLUMNS}
    WHERE {SCOPE_SQL} AND merged_into_id IS NULL AND key = ANY (
        SELECT kind || ':' || id FROM unnest(CAST(:ids AS text[])) AS id, unnest(ARRAY['invoice', 'pi', 'ch']) AS kind
        UNION
        SELECT 'invoice:' || root FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY (:ids)
    )
""")

_FACTS = text(f"SELECT id, facts FROM stripe_objects WHERE {SCOPE_SQL} AND id = ANY (:ids) AND facts <> '{{}}'")

# Payments whose object, PaymentIntent or charge was in a list were compared already.
_UNLISTED = text(f"""
    SELECT {_COLUMNS}
    WHERE {SCOPE_SQL} AND merged_into_id IS NULL AND gross_minor > 0 AND id > :after
      AND occurred_at >= :since AND occurred_at < :until
      AND split_part(key, ':', 1) IN ('invoice', 'pi', 'ch')
      AND NOT EXISTS (
        SELECT FROM stripe_runs_seen AS seen
        WHERE seen.run_id = :run_id
          AND seen.stripe_id IN (split_part(payment.key, ':', 2), payment.charge, payment.payment_intent)
      )
    ORDER BY id LIMIT :limit
""")


def load_records(session: Session, scope: Scope, ids: Sequence[str]) -> OurRecords:
    """Our payments and facts for these Stripe ids."""
    values = {**scope.parameters(), "ids": list(ids)}
    payments: dict[str, Payment] = {}
    for row in session.execute(_PAYMENTS, values):
        payments[row.key] = _payment(row)
        if row.charge:
            payments[row.charge] = payments[row.key]
    facts = {row.id: row.facts for row in session.execute(_FACTS, values)}
    return OurRecords(payments, facts)


def load_unlisted(
    session: Session, scope: Scope, run_id: UUID, *, since: datetime, until: datetime, after: UUID, limit: int
) -> list[Payment]:
    """The next payments of a period that were in none of the lists a reconciliation has read, by id."""
    values = {**scope.parameters(), "run_id": run_id, "since": since, "until": until, "after": after, "limit": limit}
    return [_payment(row) for row in session.execute(_UNLISTED, values)]


def _payment(row: Any) -> Payment:
    return Payment(row.id, row.key, row.currency, row.gross_minor, row.returned_minor, row.is_credited)
