"""Asking for exports and imports, and downloading archives."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app import jobs
from app.errors import InvalidRequest
from app.http import files
from app.organizations import access
from app.pages import layout, signed_in
from app.pages.console import transfers
from app.pages.console.frame import blueprint, sent
from app.pages.console.programs import find
from app.pages.forms.fields import Moment
from app.pages.forms.once import once
from app.pages.signed_in import SignedIn
from app.transfer.exports.passphrases import LONGEST, SHORTEST
from app.transfer.exports.stored import commands as exports
from app.transfer.imports import commands as imports
from app.transfer.imports import views
from app.transfer.imports.reading.fields import Tool
from app.transfer.imports.reading.inspecting import MOST_FILES, Sent
from app.views import Request


class ExportFields(Request):
    """What is in the archive."""

    passphrase: str | None = Field(default=None, min_length=SHORTEST, max_length=LONGEST)


class ImportFields(Request):
    """How the lists of another affiliate system are imported."""

    tool: Tool
    program_id: str | None = None
    cutoff_at: Moment | None = None
    dry_run: bool = False
    leave_pending: bool = False
    maps: str = Field(default="", max_length=10_000)


@blueprint.post("/exports")
@signed_in.form("exports:write", shown_on=transfers.exports)
def create_export(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Ask for an archive of the organization and those below it, in the mode that is shown; a job makes it."""
    caller, body = who.caller, sent(ExportFields)
    if body.passphrase is not None:
        access.demand(caller, "payouts:write")
    exports.request_export(
        session, caller, caller.organization_id, livemode=caller.livemode, passphrase=body.passphrase
    )
    jobs.wake(jobs.EXPORTS)
    return layout.flash(redirect(url_for("console.exports"), 303), "export_requested")


@blueprint.post("/exports/<export_id>/file")
@signed_in.form("exports:write")
def download_export(_session: Session, who: SignedIn, export_id: str) -> ResponseReturnValue:
    """The archive of an export that is ready."""
    return files.respond_with_archive(who.caller, export_id)


@blueprint.post("/imports")
@signed_in.form("imports:write", shown_on=transfers.imports)
@once
def create_import(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Ask for an import, or for a dry run of it; its page shows the progress."""
    caller, body = who.caller, sent(ImportFields)
    program = find(session, who, body.program_id)
    asked = imports.ImportRequest(
        tool=body.tool,
        files=_files(),
        cutoff_at=body.cutoff_at,
        maps=[line.strip() for line in body.maps.splitlines() if line.strip()],
        dry_run=body.dry_run,
        leave_pending=body.leave_pending,
    )
    made = views.load_import(session, imports.request_import(session, caller, program, asked, livemode=caller.livemode))
    jobs.wake(jobs.IMPORTS)
    return layout.flash(redirect(url_for("console.import_", import_id=made.id), 303), "import_requested")


def _files() -> list[Sent]:
    """The files that were chosen. Raises InvalidRequest: none, or too many."""
    chosen = [file for file in request.files.getlist("file") if file.filename]
    if not 1 <= len(chosen) <= MOST_FILES:
        raise InvalidRequest(f"{len(chosen)} files were chosen; choose 1 to {MOST_FILES} CSV lists", param="file")
    return [Sent.of(file.filename, file.read(), place) for place, file in enumerate(chosen, start=1)]
