"""Commands: ask for an export, find one, and read its archive."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import ids, sealing
from app.errors import Conflict, Gone, NotFound
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.organizations.hierarchy import own_and_descendants
from app.paging import Page, load_page, owned_by
from app.transfer.exports.commands import require_restorable
from app.transfer.exports.passphrases import require_passphrase
from app.transfer.exports.rows import Scope
from app.transfer.exports.stored.models import Export, ExportPart


def request_export(
    session: Session, actor: Actor, organization_id: UUID, *, livemode: bool, passphrase: str | None
) -> Export:
    """Ask for an archive of an organization and all below it; a job makes it after the commit.

    Args:
        session: writes the export and the audit entry.
        actor: who asks.
        organization_id: whose data.
        livemode: of which mode.
        passphrase: of the payout destinations; None: they are left out. It is kept, sealed, until the archive is made.

    Raises:
        InvalidRequest: the passphrase is too short or too long.
        Conflict: `export_in_progress`: another one of this organization and mode is not finished;
            `passphrase_required`, as `require_restorable`.
    """
    require_restorable(session, Scope(own_and_descendants(session, organization_id), livemode), passphrase)
    sealed = None if passphrase is None else sealing.seal(require_passphrase(passphrase), sealing.of_process())
    export = Export(
        id=ids.new(),
        organization_id=organization_id,
        livemode=livemode,
        has_destinations=passphrase is not None,
        passphrase_encrypted=sealed,
        created_by=name_of(actor),
    )
    try:
        with session.begin_nested():
            session.add(export)
    except IntegrityError:
        raise Conflict(
            "another export is being made; wait until it is ready: GET /api/v1/exports lists it",
            code="export_in_progress",
        ) from None
    session.refresh(export)
    public_id = ids.encode(ids.EXPORT, export.id)
    details = {"has_destinations": export.has_destinations}
    audit.add_entry(
        session, actor, "export.requested", public_id, details, organization_id=organization_id, livemode=livemode
    )
    return export


def get_export(session: Session, organization_ids: Sequence[UUID], public_id: str) -> Export:
    """The export with this `exp_…` id. Raises NotFound."""
    key = ids.decode(public_id, ids.EXPORT)
    export = session.get(Export, key, populate_existing=True) if key else None
    if export is None or export.organization_id not in organization_ids:
        raise NotFound.of("export", public_id)
    return export


def list_exports(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool,
    limit: int,
    starting_after: str | None = None,
) -> Page[Export]:
    """A page of the exports of a mode, newest first. Raises InvalidRequest."""
    matching = select(Export).where(owned_by(Export.organization_id, organization_ids), Export.livemode == livemode)
    return load_page(session, matching, Export.id, ids.EXPORT, limit=limit, starting_after=starting_after)


def begin_download(session: Session, actor: Actor, export: Export) -> int:
    """The number of parts of an archive that is ready; adds an audit entry.

    Raises:
        Conflict: `export_not_ready`: it is being made, or failed.
        Gone: `export_expired`.
    """
    public_id = ids.encode(ids.EXPORT, export.id)
    if export.status == "expired":
        raise Gone(f"the file of {public_id} was deleted after its time; ask for another export", code="export_expired")
    if export.status != "ready":
        raise Conflict(
            f"{public_id} is {export.status}; its file can be downloaded when it is ready", code="export_not_ready"
        )
    audit.add_entry(
        session,
        actor,
        "export.downloaded",
        public_id,
        organization_id=export.organization_id,
        livemode=export.livemode,
    )
    return session.scalar(select(func.count()).where(ExportPart.export_id == export.id)) or 0


def load_part(session: Session, export_id: UUID, number: int) -> bytes:
    """A part of an archive, unsealed. Raises Gone if the export expired meanwhile."""
    chosen = select(ExportPart.content_encrypted).where(ExportPart.export_id == export_id, ExportPart.number == number)
    sealed = session.scalar(chosen)
    if sealed is None:
        raise Gone("the file was deleted while it was sent; ask for another export", code="export_expired")
    return sealing.unseal_bytes(sealed, sealing.of_process())
