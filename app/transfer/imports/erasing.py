"""Erases a person from imports: an affiliate's former id, and what is quoted of rows that were not imported.

The files themselves are deleted when an import has ended; rows that wait in one are refused by the tombstones.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app import bulk
from app.tombstones.subjects import Subject
from app.transfer.imports.models import ImportedAffiliate, ImportRefusal

_QUOTING: Final = text("""
    SELECT id, details FROM import_refusals WHERE organization_id = :organization_id AND details ? 'value' ORDER BY id
""")


def erase(session: Session, subject: Subject) -> Mapping[str, int]:
    """Delete the partners' former ids, and what refusals quote of the person; returns how many of each."""
    former = session.scalars(
        select(ImportedAffiliate.source_id).where(ImportedAffiliate.partner_id.in_(subject.partner_ids))
    ).all()
    session.execute(delete(ImportedAffiliate).where(ImportedAffiliate.partner_id.in_(subject.partner_ids)))
    names = {name.lower() for name in (*former, *subject.customers)}
    quoting = [
        row
        for row in session.execute(_QUOTING, {"organization_id": subject.organization_id})
        if subject.holds(row.details["value"]) or row.details["value"].lower() in names
    ]
    rows = [{"id": row.id, "details": {**row.details, "value": ""}} for row in quoting]
    bulk.update(session, ImportRefusal, rows, key=("id",))
    return {"imported_affiliates": len(former), "import_refusals": len(rows)}
