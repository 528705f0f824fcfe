"""Erases a person from decisions about payments: people's reasons. Verdicts and amounts stay."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.tombstones.subjects import Subject

_SELF_MARKS: Final = text("""
    SELECT DISTINCT email_mark FROM conversions WHERE payment_id = ANY(:payment_ids) AND email_mark <> ''
""")
_REASONS: Final = text("""
    UPDATE decisions SET reason = ''
    WHERE organization_id = :organization_id AND reason <> ''
      AND (payment_id = ANY(:payment_ids) OR :pattern <> '' AND reason ~* :pattern)
    RETURNING id
""")


def self_referral_marks(session: Session, payment_ids: Collection[UUID]) -> frozenset[str]:
    """The marks of the partners that these payments are credited to.

    Where a customer has the same mark, it must stay with the customer, or the partner would earn on its own payments.
    """
    return frozenset(session.scalars(_SELF_MARKS, {"payment_ids": list(payment_ids)}))


def erase(session: Session, subject: Subject, payment_ids: Collection[UUID]) -> Mapping[str, int]:
    """Remove people's reasons from decisions about the person's payments, and those that name the person."""
    values = {"organization_id": subject.organization_id, "payment_ids": list(payment_ids)}
    return {"reasons": len(session.scalars(_REASONS, {**values, "pattern": subject.text_pattern}).all())}
