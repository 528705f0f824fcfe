"""Routes for the files of a run: download one, and import what its provider says became of it."""

from datetime import UTC, datetime
from typing import Any, Final

from flask import Response, g

from app.http import causes, files
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.payouts.files import downloads, importing, views
from app.payouts.files.views import ImportedBody
from app.payouts.showing import queries
from app.rest.payouts.requests import PayoutFilePath, PayoutRunPath
from app.rest.payouts.uploads import ResultFile

api = surface("Payout files", __name__, "What a person uploads to a bank or a provider, and what became of it.")

BYTES: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary", "example": ""}}
FILE: Final[dict[Any, Any]] = {
    "200": {"description": "The file, by its name.", "content": {"text/csv": BYTES, "application/xml": BYTES}},
    "404": ErrorBody,
    "410": ErrorBody,
}


@api.get("/api/v1/payout-runs/<payout_run_id>/files/<file_id>", security=needs("payouts:write"), responses=FILE)
def download_payout_file(path: PayoutFilePath) -> Response:
    """The bytes of a file, the same each time. The first download makes its payouts `sent`."""
    with access.transaction(g.caller) as session:
        run = queries.get_run(session, g.caller.organization_ids, path.payout_run_id)
        file = downloads.download(session, g.caller, run, path.file_id, datetime.now(UTC))
    return files.respond(file)


@api.post(
    "/api/v1/payout-runs/<payout_run_id>/results",
    security=needs("payouts:write"),
    responses={"200": ImportedBody, "404": ErrorBody, "415": ErrorBody},
)
def import_payout_results(path: PayoutRunPath, form: ResultFile) -> Response:
    """Confirm and fail payouts as the provider's result file says; lines that fit no payout are listed."""
    content = form.file.read()
    with access.transaction(g.caller) as session:
        run = queries.get_run(session, g.caller.organization_ids, path.payout_run_id)
        done = importing.import_results(session, g.caller, run, content, causes.this_request())
        shown = views.imported_body(run, done)
    return ViewResponse(shown)
