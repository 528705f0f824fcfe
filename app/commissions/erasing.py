"""Erases a person from decisions about payments: people's reasons. Verdicts and amounts stay."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.tombstones.subjects import OMITTED, Subject

_SELF_MARKS: Final = text("""
    SELECT DISTINCT email_mark FROM conversions WHERE payment_id = ANY(:payment_ids) AND email_mark <> ''
""")
_CREDITED: Final = text("SELECT payment_id FROM conversions WHERE partner_id = ANY(:partner_ids)")
_COMMISSIONS: Final = text("""
    SELECT id FROM commissions WHERE conversion_id IN (SELECT id FROM conversions WHERE payment_id = ANY(:payment_ids))
""")
_HISTORIES: Final = text("""
    UPDATE customer_histories SET email_encrypted = NULL,
        email_mark = coalesce(CAST(:marks AS jsonb) ->> email_mark, email_mark)
    WHERE organization_id = :organization_id
      AND (stripe_customer_id = ANY(CAST(:customers AS text[])) OR CAST(:marks AS jsonb) ? email_mark)
""")
_BALANCES: Final = text("""
    UPDATE opening_balances SET source_id = CAST(id AS text)
    WHERE organization_id = :organization_id AND partner_id = ANY(:partner_ids) AND :pattern <> ''
      AND source_id ~* :pattern
""")
_REASONS: Final = text("""
    UPDATE decisions SET reason = :omitted
    WHERE organization_id = :organization_id AND reason NOT IN ('', :omitted)
      AND (payment_id = ANY(:payment_ids)
           OR payment_id IN (SELECT payment_id FROM conversions WHERE partner_id = ANY(:partner_ids))
           OR :pattern <> '' AND reason ~* :pattern)
    RETURNING id
""")


def self_referral_marks(session: Session, payment_ids: Collection[UUID]) -> frozenset[str]:
    """The marks of the partners that these payments are credited to.

    Where a customer has the same mark, it must stay with the customer, or the partner would earn on its own payments.
    """
    return frozenset(session.scalars(_SELF_MARKS, {"payment_ids": list(payment_ids)}))


def payments_credited_to(session: Session, partner_ids: Collection[UUID]) -> list[UUID]:
    """The payments that are credited to these partners."""
    return list(session.scalars(_CREDITED, {"partner_ids": list(partner_ids)}))


def commissions_of(session: Session, payment_ids: Collection[UUID]) -> list[UUID]:
    """The commissions on these payments, on every level."""
    return list(session.scalars(_COMMISSIONS, {"payment_ids": list(payment_ids)}))


def erase(
    session: Session, subject: Subject, payment_ids: Collection[UUID], marks: Mapping[str, str]
) -> Mapping[str, int]:
    """Remove people's reasons from decisions about the person's payments and sales, and those that name the person.

    Histories of the person as a customer get pseudonyms for `marks`, and lose the address. The names of balances that
    came from another system are removed where they name the person.

    Returns:
        How many decisions lost their reason.
    """
    values = {
        "organization_id": subject.organization_id,
        "payment_ids": list(payment_ids),
        "partner_ids": list(subject.partner_ids),
        "pattern": subject.text_pattern,
        "omitted": OMITTED,
    }
    histories = {"customers": sorted(subject.customers), "marks": bulk.encode_one(marks)}
    session.execute(_HISTORIES, {"organization_id": subject.organization_id, **histories})
    session.execute(_BALANCES, values)
    return {"decisions": len(session.scalars(_REASONS, values).all())}
