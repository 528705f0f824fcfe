"""Adds tombstones, and says which names have one."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.tombstones.subjects import MARK, Subject

_INSERT: Final = text("""
    INSERT INTO tombstones (organization_id, name, erasure_id, created_by)
    SELECT :organization_id, name, :erasure_id, :created_by FROM unnest(CAST(:names AS text[])) AS name ORDER BY name
    ON CONFLICT DO NOTHING
""")
_KNOWN: Final = text("""
    SELECT name FROM tombstones WHERE organization_id = :organization_id AND name = ANY(CAST(:names AS text[]))
""")


def insert(session: Session, subject: Subject, *, erasure_id: UUID, created_by: str) -> None:
    """Add the subject's tombstones; a name that has one keeps it."""
    values = {"organization_id": subject.organization_id, "erasure_id": erasure_id, "created_by": created_by}
    session.execute(_INSERT, {**values, "names": subject.names})


def known(session: Session, organization_id: UUID, names: Collection[str]) -> frozenset[str]:
    """Those of these names that have a tombstone: ids, and marks of addresses with the prefix `mark:`."""
    if not names:
        return frozenset()
    values = {"organization_id": organization_id, "names": sorted(names)}
    return frozenset(session.scalars(_KNOWN, values))


def is_erased(session: Session, organization_id: UUID, *, object_id: str | None = None, mark: str = "") -> bool:
    """Whether the organization erased this Stripe customer or partner, or the address with this mark.

    Imports refuse the rows of such people.
    """
    names = {object_id or "", f"{MARK}{mark}" if mark else ""} - {""}
    return bool(known(session, organization_id, names))
