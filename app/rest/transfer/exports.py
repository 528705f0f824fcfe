"""Routes for exports: ask for one, follow it, and download its file."""

from typing import Any, Final

from flask import Response, g

from app import jobs
from app.http import files
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.rest.transfer.export_requests import ExportPath, ExportQuery, ExportRequest
from app.transfer.exports.stored import commands, views

api = surface("Exports", __name__, "Everything that is known of your organization, in one file.")

BYTES: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary", "example": ""}}
FILE: Final[dict[Any, Any]] = {
    "200": {"description": "The archive, a zip file.", "content": {"application/zip": BYTES}},
    "404": ErrorBody,
    "409": ErrorBody,
    "410": ErrorBody,
}


@api.post(
    "/api/v1/exports",
    security=needs("exports:write"),
    responses={"202": views.ExportBody, "409": ErrorBody, "415": ErrorBody},
)
def create_export(body: ExportRequest) -> Response:
    """Ask for an archive of your organization and those below it, in the mode of the key. A job makes it."""
    caller = g.caller
    if body.passphrase is not None:
        access.demand(caller, "payouts:write")
    with access.transaction(caller) as session:
        export = commands.request_export(
            session, caller, caller.organization_id, livemode=caller.livemode, passphrase=body.passphrase
        )
        shown = views.body(export)
    jobs.wake(jobs.EXPORTS)
    return ViewResponse(shown, status=202)


@api.get("/api/v1/exports", security=needs("exports:read"), responses={"200": views.ExportPage})
def list_exports(query: ExportQuery) -> Response:
    """Exports, newest first."""
    caller = g.caller
    with access.transaction(caller) as session:
        page = commands.list_exports(
            session,
            caller.organization_ids,
            livemode=caller.livemode,
            limit=query.limit,
            starting_after=query.starting_after,
        )
        return ViewResponse(views.ExportPage(data=[views.body(row) for row in page.rows], has_more=page.has_more))


@api.get(
    "/api/v1/exports/<export_id>",
    security=needs("exports:read"),
    responses={"200": views.ExportBody, "404": ErrorBody},
)
def show_export(path: ExportPath) -> Response:
    """An export with its progress, and the hash of its file."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.body(commands.get_export(session, g.caller.organization_ids, path.export_id)))


@api.get("/api/v1/exports/<export_id>/file", security=needs("exports:write"), responses=FILE)
def download_export(path: ExportPath) -> Response:
    """The archive of an export that is ready."""
    return files.respond_with_archive(g.caller, path.export_id)
