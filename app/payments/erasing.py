"""Erases a person from facts and payments: marks of addresses, and words of outcomes. Amounts and ids stay."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.payments.facts import EMAIL
from app.tombstones.subjects import Subject

_CUSTOMERS: Final = text("""
    SELECT DISTINCT id FROM stripe_objects
    WHERE organization_id = :organization_id AND kind = 'customer' AND facts ?| CAST(:marks AS text[])
""")
_IS_KNOWN: Final = text("SELECT EXISTS (SELECT FROM stripe_objects WHERE id = :id AND organization_id = :owner)")
_BY_OBJECT: Final = text("""
    SELECT known.id, coalesce(nullif(known.customer, ''), root.customer) AS customer
    FROM stripe_objects AS known
    LEFT JOIN stripe_objects AS root
      ON (root.id, root.organization_id, root.account, root.livemode)
       = (known.root, known.organization_id, known.account, known.livemode)
    WHERE known.id = ANY(CAST(:object_ids AS text[])) AND known.organization_id = :organization_id
""")
_OBJECTS: Final = text("""
    WITH named AS (
        SELECT id, root FROM stripe_objects
        WHERE organization_id = :organization_id
          AND (id = ANY(CAST(:customers AS text[])) OR customer = ANY(CAST(:customers AS text[]))
               OR facts ?| CAST(:marks AS text[]))
    )
    SELECT id FROM named
    UNION
    SELECT id FROM stripe_objects WHERE organization_id = :organization_id AND root IN (SELECT root FROM named)
""")
_PAYMENTS: Final = text("""
    SELECT id FROM payments
    WHERE organization_id = :organization_id
      AND (customer = ANY(CAST(:customers AS text[])) AND customer <> ''
           OR split_part(key, ':', 2) = ANY(CAST(:object_ids AS text[])))
    ORDER BY id
""")
_LOCK: Final = text("""
    SELECT FROM stripe_objects WHERE organization_id = :organization_id AND id = ANY(:object_ids) ORDER BY id FOR UPDATE
""")
_FACTS: Final = text("""
    UPDATE stripe_objects SET facts = facts - drop.names, older_at = older_at - drop.names
    FROM (
        SELECT id, organization_id, account, livemode, array_agg(name) AS names
        FROM stripe_objects CROSS JOIN LATERAL jsonb_object_keys(facts) AS name
        WHERE organization_id = :organization_id AND id = ANY(:object_ids)
          AND starts_with(name, :prefix) AND name <> ALL(CAST(:kept AS text[]))
        GROUP BY 1, 2, 3, 4
    ) AS drop
    WHERE (stripe_objects.id, stripe_objects.organization_id, stripe_objects.account, stripe_objects.livemode)
        = (drop.id, drop.organization_id, drop.account, drop.livemode)
""")
_PAYMENT_WORDS: Final = text("""
    UPDATE payments SET
        email_marks = ARRAY(SELECT mark FROM unnest(email_marks) AS mark WHERE mark = ANY(CAST(:kept AS text[]))),
        outcome = CASE outcome WHEN 'unknown_code' THEN 'unattributed' ELSE outcome END,
        outcome_details = CASE outcome WHEN 'unknown_code' THEN '{}' ELSE outcome_details - 'reason' END
    WHERE id = ANY(:payment_ids)
""")


def customers_with(session: Session, organization_id: UUID, marks: Collection[str]) -> frozenset[str]:
    """The Stripe customers of the organization that have shown an address with one of these marks."""
    values = {"organization_id": organization_id, "marks": [f"{EMAIL}{mark}" for mark in marks]}
    return frozenset(session.scalars(_CUSTOMERS, values)) if marks else frozenset()


def customers_by_object(session: Session, organization_id: UUID, object_ids: Collection[str]) -> dict[str, str]:
    """The customers of known Stripe objects, by object; "" for none. A refund has the customer of its charge."""
    values = {"organization_id": organization_id, "object_ids": sorted(object_ids)}
    return {row.id: row.customer or "" for row in session.execute(_BY_OBJECT, values)} if object_ids else {}


def is_known(session: Session, organization_id: UUID, customer: str) -> bool:
    """Whether an event has named this Stripe customer."""
    return bool(session.scalar(_IS_KNOWN, {"id": customer, "owner": organization_id}))


def objects_of(session: Session, subject: Subject) -> list[str]:
    """The ids of the person's Stripe objects, in every account and mode, with all objects of their payments."""
    marks = [f"{EMAIL}{mark}" for mark in subject.marks]
    values = {"organization_id": subject.organization_id, "customers": sorted(subject.customers), "marks": marks}
    return list(session.scalars(_OBJECTS, values))


def payments_of(session: Session, subject: Subject, object_ids: Collection[str]) -> list[UUID]:
    """The person's payments."""
    values = {"organization_id": subject.organization_id, "customers": sorted(subject.customers)}
    return list(session.scalars(_PAYMENTS, {**values, "object_ids": list(object_ids)}))


def erase(
    session: Session,
    subject: Subject,
    *,
    object_ids: Collection[str],
    payment_ids: Collection[UUID],
    kept_marks: Collection[str],
) -> Mapping[str, int]:
    """Remove the marks of addresses, except `kept_marks`, and the words of outcomes.

    Waits for drains that hold a lock of these objects.

    Returns:
        How many objects and payments are the person's.
    """
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    session.execute(_LOCK, values)
    kept = [f"{EMAIL}{mark}" for mark in kept_marks]
    session.execute(_FACTS, {**values, "prefix": EMAIL, "kept": kept})
    session.execute(_PAYMENT_WORDS, {"payment_ids": list(payment_ids), "kept": list(kept_marks)})
    return {"stripe_objects": len(object_ids), "payments": len(payment_ids)}
