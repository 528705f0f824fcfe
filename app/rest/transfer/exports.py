"""Routes for exports: ask for one, follow it, and download its file."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final
from uuid import UUID

from flask import Response, g, stream_with_context

from app import jobs
from app.http import csv_lists, errors
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.organizations.permissions import Caller
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
    caller = g.caller
    with access.transaction(caller) as session:
        export = commands.get_export(session, caller.organization_ids, path.export_id)
        count = commands.begin_download(session, caller, export)
        shown = views.body(export)
    headers = {
        "Content-Disposition": f'attachment; filename="{shown.id}.zip"',
        "Content-Length": str(shown.bytes),
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(shown.sha256 or '')).decode()}:",
        "Cache-Control": "no-store",
    }
    with ExitStack() as resources:
        csv_lists.take_slot(resources)
        parts = stream_with_context(_sent(_parts(caller, export.id, count)))
        response = Response(parts, content_type="application/zip", headers=headers)
        response.call_on_close(resources.pop_all().close)
        return response


def _sent(parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from parts
    except Exception as failure:  # noqa: BLE001  (any failure is logged and ends the file, which is too short then)
        errors.log_failure(failure)
        raise csv_lists.Interrupted from None


def _parts(caller: Caller, export_id: UUID, count: int) -> Iterator[bytes]:
    """Each part is read in a transaction of its own, so that a slow client keeps none open."""
    for number in range(count):
        with access.transaction(caller) as session:
            part = commands.load_part(session, export_id, number)
        yield part
