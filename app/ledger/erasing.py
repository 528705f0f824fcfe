"""Erases people's words about entries. Entries themselves have ids, codes and figures only, and never change."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.tombstones.subjects import OMITTED, Subject

_REASONS: Final = text("""
    UPDATE entry_reasons SET reason = :omitted
    WHERE organization_id = :organization_id AND reason <> :omitted
      AND (:pattern <> '' AND reason ~* :pattern OR entry_id IN (
          SELECT posting.entry_id FROM postings AS posting
          JOIN posted_commissions AS posted ON posted.commission_id = posting.commission_id
          WHERE posted.organization_id = :organization_id
            AND (posted.commission_id = ANY(:commission_ids) OR posted.partner_id = ANY(:partner_ids))
      ))
    RETURNING entry_id
""")


def erase(session: Session, subject: Subject, commission_ids: Collection[UUID]) -> Mapping[str, int]:
    """Remove the words about entries of these commissions and of the partners, and those that name the person.

    Returns:
        How many entries lost their words.
    """
    values = {
        "organization_id": subject.organization_id,
        "commission_ids": list(commission_ids),
        "partner_ids": list(subject.partner_ids),
        "pattern": subject.text_pattern,
        "omitted": OMITTED,
    }
    return {"entry_reasons": len(session.scalars(_REASONS, values).all())}
