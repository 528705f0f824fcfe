"""Erases a person from evidence and attributions. Names of partners stay, so whom a payment is credited to stays."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.attribution.signups.references import USER
from app.partners.queries import directory
from app.tombstones.subjects import OMITTED, Subject

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
_USERS: Final = text(
    f"SELECT DISTINCT refers_to FROM evidence WHERE {_OF_OBJECTS} AND starts_with(refers_to, '{USER}')"
)
_NAMING: Final = text("""
    SELECT DISTINCT object_id FROM evidence
    WHERE refers_to = ANY(CAST(:references AS text[])) AND refers_to <> '' AND organization_id = :organization_id
""")
_USER: Final = f"substr(refers_to, {len(USER) + 1})"
_REPLACE_USERS: Final = text(f"""
    UPDATE evidence SET refers_to = '{USER}' || (CAST(:users AS jsonb) ->> {_USER})
    WHERE organization_id = :organization_id AND starts_with(refers_to, '{USER}') AND CAST(:users AS jsonb) ? {_USER}
      AND (object_id = ANY(CAST(:object_ids AS text[])) OR {_USER} = ANY(CAST(:everywhere AS text[])))
""")
_REASONS: Final = text("""
    UPDATE attributions SET reason = :omitted
    WHERE organization_id = :organization_id AND reason NOT IN ('', :omitted)
      AND (partner_id = ANY(:partner_ids) OR subject = ANY(CAST(:object_ids AS text[]))
           OR :pattern <> '' AND reason ~* :pattern)
""")


def sessions_of(session: Session, subject: Subject, object_ids: Collection[str]) -> list[str]:
    """The touchpoint sessions that the person's Stripe objects name."""
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    return list(session.scalars(_SESSIONS, values))


def objects_naming(session: Session, organization_id: UUID, users: Collection[str]) -> list[str]:
    """The Stripe objects that name one of these users of the merchant's own system."""
    references = [f"{USER}{user}" for user in sorted(users)]
    return list(session.scalars(_NAMING, {"organization_id": organization_id, "references": references}))


def users_of(session: Session, subject: Subject, object_ids: Collection[str]) -> frozenset[str]:
    """The users of the merchant's own system that the person's Stripe objects name."""
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    return frozenset(name.removeprefix(USER) for name in session.scalars(_USERS, values))


def erase(
    session: Session,
    subject: Subject,
    object_ids: Collection[str],
    *,
    users: Mapping[str, str],
    everywhere: Collection[str],
) -> Mapping[str, int]:
    """Remove names that are no partner's, which may be the person's own, and people's reasons.

    Args:
        session: writes.
        subject: the person.
        object_ids: the person's Stripe objects.
        users: pseudonyms of users of the merchant's own system.
        everywhere: those of them that are the person wherever they are named, because they signed up.

    Returns:
        How many different names were removed.
    """
    values = {"organization_id": subject.organization_id, "object_ids": list(object_ids)}
    names = list(session.scalars(_NAMES, values))
    partners = directory.load_directory(session, subject.organization_id, names=names)
    unknown = [name for name in names if partners.find(name) is None]
    for statement in (_WITHOUT_SESSION, _WITH_SESSION, _REST) if unknown else ():
        session.execute(statement, {**values, "unknown": unknown})
    replaced = {"users": bulk.encode_one(users), "everywhere": sorted(everywhere)}
    session.execute(_REPLACE_USERS, {**values, **replaced})
    about = {"partner_ids": list(subject.partner_ids), "pattern": subject.text_pattern, "omitted": OMITTED}
    session.execute(_REASONS, {**values, **about})
    return {"names": len(unknown)}
