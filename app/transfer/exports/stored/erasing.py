"""Erases a person from exports: archives are not changed, so those that may hold the person are deleted."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.tombstones.subjects import Subject
from app.transfer.exports.stored.models import Export, ExportPart

# An archive has the data of an organization and all below it, so those of organizations above hold the person too.
_ABOVE: Final = text("""
    WITH RECURSIVE above AS (
        SELECT id, parent_id FROM organizations WHERE id = :organization_id
        UNION
        SELECT parent.id, parent.parent_id FROM organizations AS parent JOIN above ON parent.id = above.parent_id
    )
    SELECT export.id FROM exports AS export JOIN above ON above.id = export.organization_id
    ORDER BY export.id FOR UPDATE OF export
""")
_EXPIRE: Final = text("UPDATE exports SET status = 'expired' WHERE status = 'ready' AND id = ANY (:ids)")
_BEGIN_AGAIN: Final = text("""
    UPDATE exports SET status = 'queued', lease = lease + 1, attempts = 0, due_at = now()
    WHERE finished_at IS NULL AND id = ANY (:ids)
""")


def exports_of(session: Session, subject: Subject) -> Sequence[str]:
    """The ids of exports whose archives may hold the person and were made, `exp_…`; copies of them may exist."""
    found = session.scalars(_ABOVE, {"organization_id": subject.organization_id}).all()
    made = select(Export.id).where(among(Export.id, found), Export.sha256.is_not(None))
    return [ids.encode(ids.EXPORT, export_id) for export_id in session.scalars(made.order_by(Export.id))]


def erase(session: Session, subject: Subject) -> Mapping[str, int]:
    """Delete the archives that may hold the person; those that are being made begin again. Returns how many parts."""
    found = session.scalars(_ABOVE, {"organization_id": subject.organization_id}).all()
    parts = session.execute(
        delete(ExportPart).where(among(ExportPart.export_id, found)).returning(ExportPart.number)
    ).all()
    session.execute(_EXPIRE, {"ids": list(found)})
    session.execute(_BEGIN_AGAIN, {"ids": list(found)})
    return {"export_parts": len(parts)}
