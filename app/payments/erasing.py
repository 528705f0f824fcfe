"""Erases a person from facts and payments: marks of addresses, and words of outcomes. Amounts and ids stay."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.payments.facts import EMAIL
from app.tombstones.subjects import OMITTED, Subject

_CUSTOMERS: Final = text("""
    SELECT DISTINCT id FROM stripe_objects
    WHERE organization_id = :organization_id AND kind = 'customer' AND facts ?| CAST(:marks AS text[])
""")
_IS_KNOWN: Final = text("SELECT EXISTS (SELECT FROM stripe_objects WHERE id = :id AND organization_id = :owner)")
_BY_OBJECT: Final = text("""
    SELECT known.id,
           CASE known.kind WHEN 'customer' THEN known.id ELSE coalesce(nullif(known.customer, ''), root.customer) END
           AS customer
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
_MARKS_OF: Final = text("""
    SELECT DISTINCT substr(name, length(:prefix) + 1) FROM stripe_objects
    CROSS JOIN LATERAL jsonb_object_keys(facts) AS name
    WHERE organization_id = :organization_id AND id = ANY(CAST(:object_ids AS text[])) AND starts_with(name, :prefix)
""")
_FACTS: Final = text("""
    UPDATE stripe_objects SET facts = (
        SELECT jsonb_object_agg(coalesce(CAST(:names AS jsonb) ->> name, name), value)
        FROM jsonb_each(facts) AS each(name, value)
    )
    WHERE organization_id = :organization_id AND id = ANY(CAST(:object_ids AS text[]))
      AND facts ?| CAST(:old AS text[])
""")
_MARKS: Final = text("""
    UPDATE payments SET
        email_marks = ARRAY(SELECT coalesce(CAST(:names AS jsonb) ->> mark, mark) FROM unnest(email_marks) AS mark)
    WHERE id = ANY(:payment_ids) AND email_marks <> '{}'
""")
_OUTCOME_WORDS: Final = """
    outcome = CASE outcome WHEN 'unknown_code' THEN 'unattributed' ELSE outcome END,
    outcome_details = CASE outcome WHEN 'unknown_code' THEN '{}' ELSE outcome_details || jsonb_strip_nulls(
        jsonb_build_object('reason', CASE WHEN outcome_details ? 'reason' THEN CAST(:omitted AS text) END,
                           'by_hand', CASE WHEN outcome_details ? 'by_hand' THEN CAST(:omitted AS text) END)) END
"""
_WORDS: Final = text(f"UPDATE payments SET {_OUTCOME_WORDS} WHERE id = ANY(:payment_ids)")
_OBJECTS_OF_PAYMENTS: Final = text("""
    SELECT DISTINCT object_id FROM payments
    CROSS JOIN LATERAL unnest(ARRAY[split_part(key, ':', 2), invoice, payment_intent, charge]) AS object_id
    WHERE id = ANY(:payment_ids) AND object_id <> ''
""")


def customers_with(session: Session, organization_id: UUID, marks: Collection[str]) -> frozenset[str]:
    """The Stripe customers of the organization that have shown an address with one of these marks."""
    values = {"organization_id": organization_id, "marks": [f"{EMAIL}{mark}" for mark in marks]}
    return frozenset(session.scalars(_CUSTOMERS, values)) if marks else frozenset()


def customers_by_object(session: Session, organization_id: UUID, object_ids: Collection[str]) -> dict[str, str]:
    """The customers of known Stripe objects, by object; "" for none. A refund has its charge's customer."""
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


def marks_of(session: Session, subject: Subject, object_ids: Collection[str]) -> frozenset[str]:
    """The marks of all addresses that these objects have shown, and those of the subject."""
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids), "prefix": EMAIL}
    return subject.marks.union(session.scalars(_MARKS_OF, values))


def erase(
    session: Session,
    subject: Subject,
    *,
    object_ids: Collection[str],
    payment_ids: Collection[UUID],
    marks: Mapping[str, str],
) -> Mapping[str, int]:
    """Replace marks of addresses by these pseudonyms, so that what is found by comparing marks is found as before.

    Waits for drains that hold a lock of these objects.

    Returns:
        How many objects and payments are the person's.
    """
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    session.execute(_LOCK, values)
    facts = {f"{EMAIL}{mark}": f"{EMAIL}{pseudonym}" for mark, pseudonym in marks.items()}
    session.execute(_FACTS, {**values, "names": bulk.encode_one(facts), "old": list(facts)})
    session.execute(_MARKS, {"payment_ids": list(payment_ids), "names": bulk.encode_one(marks)})
    return {"stripe_objects": len(object_ids), "payments": len(payment_ids)}


def erase_words(session: Session, payment_ids: Collection[UUID]) -> list[str]:
    """Remove people's words, and unknown names, from the outcomes of these payments.

    Returns:
        The Stripe objects of these payments, whose events have the same outcomes.
    """
    values = {"payment_ids": list(payment_ids)}
    session.execute(_WORDS, {**values, "omitted": OMITTED})
    return list(session.scalars(_OBJECTS_OF_PAYMENTS, values))
