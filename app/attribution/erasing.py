"""Erases a person from evidence and attributions. Names of partners stay, so whom a payment is credited to stays."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.partners.queries import directory
from app.tombstones.subjects import Subject

_OF_OBJECTS: Final = "organization_id = :organization_id AND object_id = ANY(CAST(:object_ids AS text[]))"
_NAMES: Final = text(f"SELECT DISTINCT name FROM evidence WHERE {_OF_OBJECTS} AND name <> ''")
_WITHOUT_SESSION: Final = text(f"""
    DELETE FROM evidence WHERE {_OF_OBJECTS} AND name = ANY(CAST(:unknown AS text[])) AND session_id = ''
""")
_WITH_SESSION: Final = text(f"""
    UPDATE evidence SET name = '' WHERE {_OF_OBJECTS} AND name = ANY(CAST(:unknown AS text[]))
      AND NOT EXISTS (
          SELECT FROM evidence AS other
          WHERE (other.object_id, other.organization_id, other.account, other.livemode, other.carrier, other.session_id)
              = (evidence.object_id, evidence.organization_id, evidence.account, evidence.livemode, evidence.carrier,
                 evidence.session_id)
            AND other.refers_to = evidence.refers_to AND (other.name = '' OR other.id < evidence.id
                AND other.name = ANY(CAST(:unknown AS text[])))
      )
""")
_REST: Final = text(f"DELETE FROM evidence WHERE {_OF_OBJECTS} AND name = ANY(CAST(:unknown AS text[]))")
_SESSIONS: Final = text(f"SELECT DISTINCT session_id FROM evidence WHERE {_OF_OBJECTS} AND session_id <> ''")
_REASONS: Final = text("""
    UPDATE attributions SET reason = ''
    WHERE organization_id = :organization_id AND reason <> ''
      AND (subject = ANY(CAST(:object_ids AS text[])) OR :pattern <> '' AND reason ~* :pattern)
""")


def sessions_of(session: Session, subject: Subject, object_ids: Collection[str]) -> list[str]:
    """The touchpoint sessions that the person's Stripe objects name."""
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    return list(session.scalars(_SESSIONS, values))


def erase(session: Session, subject: Subject, object_ids: Collection[str]) -> Mapping[str, int]:
    """Remove names that are no partner's, which may be the person's own, and people's reasons.

    Returns:
        How many different names were removed.
    """
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    names = list(session.scalars(_NAMES, values))
    partners = directory.load_directory(session, subject.organization_id, names=names)
    unknown = [name for name in names if partners.find(name) is None]
    for statement in (_WITHOUT_SESSION, _WITH_SESSION, _REST) if unknown else ():
        session.execute(statement, {**values, "unknown": unknown})
    session.execute(_REASONS, {**values, "pattern": subject.text_pattern})
    return {"names": len(unknown)}
