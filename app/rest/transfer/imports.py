"""Routes for imports: ask for one, follow it, and list what was not imported."""

from flask import Response, g
from sqlalchemy.orm import Session

from app import jobs
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.programs.programs import get_program
from app.rest.transfer.requests import ImportForm, ImportPath, ImportQuery, RefusalQuery
from app.transfer.imports import commands, queries, views
from app.transfer.imports.commands import ImportRequest
from app.transfer.imports.models import Import
from app.transfer.imports.reading.inspecting import Sent

api = surface("Imports", __name__, "Partners, customers and what is owed, from the lists of another affiliate system.")


@api.post(
    "/api/v1/imports",
    security=needs("imports:write"),
    responses={"201": views.ImportData, "404": ErrorBody, "409": ErrorBody, "413": ErrorBody, "415": ErrorBody},
)
def create_import(form: ImportForm) -> Response:
    """Ask for an import. A job works on it; its progress and result are at `GET /api/v1/imports/:id`."""
    caller = g.caller
    files = [Sent.of(file.filename, file.read(), place) for place, file in enumerate(form.file, start=1)]
    asked = ImportRequest(
        tool=form.tool,
        files=files,
        cutoff_at=form.cutoff_at,
        maps=form.map,
        dry_run=form.dry_run,
        leave_pending=form.leave_pending,
    )
    with access.transaction(caller) as session:
        program = get_program(session, caller.organization_ids, form.program_id, default_of=caller.organization_id)
        job = commands.request_import(session, caller, program, asked, livemode=caller.livemode)
        shown = views.ImportData(data=views.load_import(session, job))
    jobs.wake(jobs.IMPORTS)
    return ViewResponse(shown, status=201)


@api.get("/api/v1/imports", security=needs("imports:read"), responses={"200": views.ImportPage})
def list_imports(query: ImportQuery) -> Response:
    """Imports, newest first."""
    with access.transaction(g.caller) as session:
        page = queries.list_imports(
            session,
            g.caller.organization_ids,
            livemode=g.caller.livemode,
            limit=query.limit,
            starting_after=query.starting_after,
        )
        return ViewResponse(views.ImportPage(data=views.load_imports(session, page.rows), has_more=page.has_more))


@api.get(
    "/api/v1/imports/<import_id>",
    security=needs("imports:read"),
    responses={"200": views.ImportData, "404": ErrorBody},
)
def show_import(path: ImportPath) -> Response:
    """An import with its progress, what it did, and the first 100 rows that were not imported."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.ImportData(data=views.load_import(session, _import(session, path))))


@api.get(
    "/api/v1/imports/<import_id>/refusals",
    security=needs("imports:read"),
    responses={"200": views.ImportRefusalPage, "404": ErrorBody},
)
def list_import_refusals(path: ImportPath, query: RefusalQuery) -> Response:
    """Rows and parts of rows that were not imported, each with its line and the reason, in the order of the files."""
    with access.transaction(g.caller) as session:
        job = _import(session, path)
        page = queries.list_refusals(session, job, limit=query.limit, starting_after=query.starting_after)
        data = views.load_refusals(session, job, page.rows)
        return ViewResponse(views.ImportRefusalPage(data=data, has_more=page.has_more))


def _import(session: Session, path: ImportPath) -> Import:
    return queries.get_import(session, g.caller.organization_ids, path.import_id)
