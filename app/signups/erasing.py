"""Erases a person from customer sign-ups: the user's id and the mark of the address become pseudonyms.

So the same sign-ups are recognized as before, and credit their partners.
"""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.tombstones.subjects import Subject

_FIND: Final = text("""
    SELECT DISTINCT customer_id FROM signups
    WHERE organization_id = :organization_id
      AND (stripe_customer_id = ANY(CAST(:customers AS text[])) AND stripe_customer_id <> ''
           OR email_mark = ANY(CAST(:marks AS text[])) AND email_mark <> ''
           OR customer_id = ANY(CAST(:users AS text[])) OR lower(customer_id) = ANY(CAST(:addresses AS text[])))
""")
_RECOGNIZED: Final = text("""
    SELECT customer_id, stripe_customer_id FROM signups
    WHERE organization_id = :organization_id AND source <> 'browser'
      AND (email_mark = ANY(CAST(:marks AS text[])) AND email_mark <> ''
           OR lower(customer_id) = ANY(CAST(:addresses AS text[])))
""")
_SESSIONS: Final = text("""
    SELECT DISTINCT session_id FROM signups
    WHERE organization_id = :organization_id AND customer_id = ANY(CAST(:users AS text[])) AND session_id <> ''
""")
_REPLACE: Final = text("""
    UPDATE signups SET customer_id = coalesce(CAST(:users AS jsonb) ->> customer_id, customer_id),
                       email_mark = coalesce(CAST(:marks AS jsonb) ->> email_mark, email_mark)
    WHERE organization_id = :organization_id
      AND (CAST(:users AS jsonb) ? customer_id OR CAST(:marks AS jsonb) ? email_mark)
    RETURNING id
""")


def with_address(
    session: Session, organization_id: UUID, marks: Collection[str], addresses: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The users whom the merchant's server stated with one of these addresses, and the Stripe customers it named."""
    values = {"organization_id": organization_id, "marks": sorted(marks), "addresses": sorted(addresses)}
    rows = session.execute(_RECOGNIZED, values).all()
    return frozenset(row.customer_id for row in rows), frozenset(row.stripe_customer_id for row in rows) - {""}


def users_of(
    session: Session, subject: Subject, marks: Collection[str], referred_to: Collection[str]
) -> frozenset[str]:
    """The users of the merchant's own system that are the person: by Stripe customer, address, or reference.

    Args:
        session: reads sign-ups.
        subject: the person.
        marks: all marks of the person's addresses.
        referred_to: users that the person's Stripe objects name.
    """
    values = {"organization_id": subject.organization_id, "customers": sorted(subject.customers)}
    known = {"marks": sorted(marks), "users": sorted(referred_to), "addresses": sorted(subject.addresses)}
    return frozenset(session.scalars(_FIND, {**values, **known}))


def sessions_of(session: Session, organization_id: UUID, users: Collection[str]) -> list[str]:
    """The touchpoint sessions of these users' sign-ups."""
    return list(session.scalars(_SESSIONS, {"organization_id": organization_id, "users": sorted(users)}))


def erase(
    session: Session, organization_id: UUID, users: Mapping[str, str], marks: Mapping[str, str]
) -> Mapping[str, int]:
    """Replace users' ids and marks by these pseudonyms; returns the number of sign-ups."""
    values = {"organization_id": organization_id, "users": bulk.encode_one(users), "marks": bulk.encode_one(marks)}
    return {"signups": len(session.scalars(_REPLACE, values).all())}
