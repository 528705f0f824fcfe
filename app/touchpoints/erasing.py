"""Erases a person's visits: addresses of pages and hashes. The partner and the time of a visit stay."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.tombstones.subjects import Subject

_CLEAR: Final = text("""
    UPDATE touchpoints SET landing = '', referrer = '', utm = '{}', address_hash = '', agent_hash = ''
    WHERE session_id = ANY(CAST(:sessions AS text[])) AND organization_id = :organization_id
""")


def erase(session: Session, subject: Subject, sessions: Collection[str]) -> Mapping[str, int]:
    """Clear the visits of these sessions, which the person's Stripe objects name; returns the number of sessions."""
    if sessions:
        session.execute(_CLEAR, {"organization_id": subject.organization_id, "sessions": list(sessions)})
    return {"sessions": len(sessions)}
