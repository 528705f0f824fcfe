"""Erases app users: their ids become pseudonyms, and their codes cannot be claimed any more. Amounts stay."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.tombstones.subjects import Subject

_REPLACE: Final = tuple(
    text(f"""
        UPDATE {table} SET {column} = CAST(:users AS jsonb) ->> {column}
        WHERE organization_id = :organization_id AND CAST(:users AS jsonb) ? {column}
    """)
    for table, column in (
        ("referral_claims", "referrer_id"),
        ("referral_claims", "referee_id"),
        ("currency_balances", "app_user_id"),
        ("currency_transactions", "app_user_id"),
    )
)
_BY_ADDRESS: Final = text("""
    SELECT app_user_id FROM referral_codes
    WHERE organization_id = :organization_id AND lower(app_user_id) = ANY(CAST(:addresses AS text[]))
    UNION
    SELECT referee_id FROM referral_claims
    WHERE organization_id = :organization_id AND lower(referee_id) = ANY(CAST(:addresses AS text[]))
""")
_CODES: Final = text("""
    UPDATE referral_codes SET app_user_id = CAST(:users AS jsonb) ->> app_user_id, is_active = false
    WHERE organization_id = :organization_id AND CAST(:users AS jsonb) ? app_user_id
    RETURNING id
""")


def users_of(session: Session, subject: Subject) -> frozenset[str]:
    """The app users whose id is one of the person's addresses."""
    values = {"organization_id": subject.organization_id, "addresses": sorted(subject.addresses)}
    return frozenset(session.scalars(_BY_ADDRESS, values))


def erase(session: Session, organization_id: UUID, users: Mapping[str, str]) -> Mapping[str, int]:
    """Replace the ids of users by these pseudonyms; returns the number of codes that ended."""
    values = {"organization_id": organization_id, "users": bulk.encode_one(users)}
    for statement in _REPLACE if users else ():
        session.execute(statement, values)
    return {"referral_codes": len(session.scalars(_CODES, values).all()) if users else 0}
