"""Command: ask for an import. Its job does the rest."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.elsewhere.cutoffs import set_cutoff
from app.commissions.settling.settlement import Cause
from app.errors import InvalidRequest
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor, name_of
from app.programs import cutoffs
from app.programs.models import Program
from app.transfer.imports import contents
from app.transfer.imports.models import Import, ImportFile
from app.transfer.imports.reading import fields, inspecting
from app.transfer.imports.reading.fields import Tool
from app.transfer.imports.reading.inspecting import Inspected, Sent
from app.views import instant_text

DRY_RUN_ROWS: Final = 10_000
"""Rows of a dry run, which is one transaction: some minutes in which no month is closed."""


@immutable
class ImportRequest:
    """What is to be imported, and how.

    Attributes:
        tool: the system that wrote the files.
        files: its lists.
        cutoff_at: payments from then on earn here, those before it were paid elsewhere; None: as the program has it.
        maps: what columns are, as `fields.parse_maps` takes it.
        dry_run: whether only the report is wanted.
        leave_pending: whether commissions that the other system has not released are left out.
    """

    tool: Tool
    files: Sequence[Sent]
    cutoff_at: datetime | None = None
    maps: Sequence[str] = ()
    dry_run: bool = False
    leave_pending: bool = False


def request_import(session: Session, actor: Actor, program: Program, asked: ImportRequest, *, livemode: bool) -> Import:
    """Store the files, sealed, and ask for their import. Wake the job after the commit.

    Args:
        session: writes the import, its files, the program's cut-off (unless it is a dry run) and the audit entries.
        actor: who asks for it.
        program: gets the partners, customers and balances.
        asked: what is imported.
        livemode: the mode of customers and balances; partners belong to both.

    Raises:
        InvalidRequest: `file_unreadable`, `columns_unknown`, `map_invalid`, `amounts_unclear`; a dry run has more than
            `DRY_RUN_ROWS` rows; `cutoff_required`: the files have customers or commissions, and the program has no
            cut-off.
        Conflict: `already_paid`: the cut-off would take back what was paid here.
    """
    mapped = fields.parse_maps(asked.maps)
    found = inspecting.inspect(asked.tool, asked.files, mapped, currency=program.currency)
    _refuse_long_dry_run(asked, found)
    _require_cutoff(program, asked, found, livemode=livemode)
    job = Import(
        id=ids.new(),
        organization_id=program.organization_id,
        program_id=program.id,
        livemode=livemode,
        tool=asked.tool,
        dry_run=asked.dry_run,
        leave_pending=asked.leave_pending,
        columns=mapped.as_json(),
        cutoff_at=asked.cutoff_at,
        created_by=name_of(actor),
        rows=sum(one.rows for one in found),
    )
    session.add(job)
    session.flush()
    _set_cutoff(session, actor, program, job)
    session.add_all([_file(job, position, one) for position, one in enumerate(found, start=1)])
    session.flush()
    session.refresh(job)
    _note(session, actor, job, found)
    return job


def _refuse_long_dry_run(asked: ImportRequest, found: Sequence[Inspected]) -> None:
    rows = sum(one.rows for one in found)
    if asked.dry_run and rows > DRY_RUN_ROWS:
        message = f"the files have {rows:,} rows, and a dry run takes {DRY_RUN_ROWS:,}; try a part of each file"
        raise InvalidRequest(message, param="dry_run")


def _require_cutoff(program: Program, asked: ImportRequest, found: Sequence[Inspected], *, livemode: bool) -> None:
    is_needed = any(one.layout.has_customers or one.layout.has_money for one in found)
    if is_needed and asked.cutoff_at is None and cutoffs.of(program, livemode=livemode) is None:
        message = (
            "cutoff is required with customers and commissions: the time from which on payments earn here; what was "
            "earned before it comes from the files"
        )
        raise InvalidRequest(message, code="cutoff_required", param="cutoff_at")


def _set_cutoff(session: Session, actor: Actor, program: Program, job: Import) -> None:
    """Set the program's cut-off if the import names one; a dry run only finds out whether that is possible."""
    if job.cutoff_at is None:
        return
    cause = Cause(f"import:{ids.encode(ids.IMPORT, job.id)}", datetime.now(UTC))
    with db.rolled_back(session) if job.dry_run else nullcontext():
        set_cutoff(session, actor, program, livemode=job.livemode, cutoff_at=job.cutoff_at, cause=cause)


def _file(job: Import, position: int, found: Inspected) -> ImportFile:
    return ImportFile(
        id=ids.new(),
        import_id=job.id,
        organization_id=job.organization_id,
        livemode=job.livemode,
        position=position,
        name=found.sent.name,
        contents=found.layout.contents,
        rows=found.rows,
        sha256=found.sha256,
        unit=found.unit,
        unread=list(found.layout.unread),
        content_encrypted=contents.seal(found.sent.content),
    )


def _note(session: Session, actor: Actor, job: Import, found: Sequence[Inspected]) -> None:
    details = {
        "tool": job.tool,
        "program_id": ids.encode(ids.PROGRAM, job.program_id),
        "dry_run": job.dry_run,
        "cutoff_at": instant_text(job.cutoff_at) if job.cutoff_at else None,
        "rows": job.rows,
        "sha256": [one.sha256 for one in found],
    }
    subject_id, owner = ids.encode(ids.IMPORT, job.id), job.organization_id
    audit.add_entry(
        session, actor, "import.requested", subject_id, details, organization_id=owner, livemode=job.livemode
    )
