"""Finding imports, and what of them was not imported."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app import ids
from app.errors import NotFound
from app.paging import Page, load_page, no_row, owned_by
from app.transfer.imports.models import Import, ImportFile, ImportRefusal


def get_import(session: Session, organization_ids: Sequence[UUID], public_id: str) -> Import:
    """The import with this `imp_…` id. Raises NotFound."""
    key = ids.decode(public_id, ids.IMPORT)
    job = session.get(Import, key, populate_existing=True) if key else None
    if job is None or job.organization_id not in organization_ids:
        raise NotFound.of("import", public_id)
    return job


def list_imports(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool,
    limit: int,
    starting_after: str | None = None,
) -> Page[Import]:
    """A page of imports of a mode, newest first. Raises InvalidRequest."""
    matching = select(Import).where(owned_by(Import.organization_id, organization_ids), Import.livemode == livemode)
    return load_page(session, matching, Import.id, ids.IMPORT, limit=limit, starting_after=starting_after)


def load_files(session: Session, import_ids: Sequence[UUID]) -> dict[UUID, list[ImportFile]]:
    """The files of each import in their order, without their contents."""
    chosen = select(ImportFile).where(ImportFile.import_id.in_(import_ids)).order_by(ImportFile.position)
    files: dict[UUID, list[ImportFile]] = {import_id: [] for import_id in import_ids}
    for file in session.scalars(chosen.options(defer(ImportFile.content_encrypted, raiseload=True))):
        files[file.import_id].append(file)
    return files


def list_refusals(
    session: Session, job: Import, *, limit: int, starting_after: str | None = None
) -> Page[ImportRefusal]:
    """A page of what was not imported, in the order of the work. `starting_after` is the number of the last row seen.

    Raises:
        InvalidRequest: `starting_after` is no such number.
    """
    ordered = select(ImportRefusal).where(ImportRefusal.import_id == job.id).order_by(ImportRefusal.id)
    if starting_after is not None:
        ordered = ordered.where(ImportRefusal.id > _number(starting_after))
    return Page.of(session.scalars(ordered.limit(limit + 1)).all(), limit)


def _number(starting_after: str) -> int:
    if not (starting_after.isascii() and starting_after.isdigit() and len(starting_after) < 19):
        raise no_row(starting_after)
    return int(starting_after)
