"""The files of a run: what one has, its download, and importing what a provider says became of the payouts."""

from datetime import UTC, datetime

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.errors import InvalidRequest
from app.http import causes, files
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.signed_in import SignedIn
from app.partners.queries.codes import load_codes
from app.payouts.files import downloads, importing, kinds, views
from app.payouts.showing import queries, run_views
from app.programs.models import Program
from app.views import Request


class Results(Request):
    """What a provider says of payouts, as it was pasted; None: it is in an uploaded file."""

    text: str | None = None


@blueprint.get("/payout-runs/<payout_run_id>/files/<file_id>")
@signed_in.page("payouts:write")
def payout_file(session: Session, who: SignedIn, payout_run_id: str, file_id: str) -> ResponseReturnValue:
    """A file of a run: what it has, and what its first download does."""
    run = queries.get_run(session, who.caller.organization_ids, payout_run_id)
    shown = views.file_body(downloads.get_file(session, run, file_id))
    return layout.render(
        "console/paying/file.html",
        who,
        zone=session.get_one(Program, run.program_id).time_zone,
        shown=shown,
        content_type=kinds.FORMATS[shown.kind].content_type.partition(";")[0],
        run_id=payout_run_id,
    )


@blueprint.post("/payout-runs/<payout_run_id>/files/<file_id>")
@signed_in.form("payouts:write")
def download_payout_file(session: Session, who: SignedIn, payout_run_id: str, file_id: str) -> ResponseReturnValue:
    """The bytes of a file, the same each time. The first download makes its payouts `sent`."""
    run = queries.get_run(session, who.caller.organization_ids, payout_run_id)
    file = downloads.download(session, who.caller, run, file_id, datetime.now(UTC))
    return files.respond(file)


@blueprint.get("/payout-runs/<payout_run_id>/results")
@signed_in.page("payouts:write")
def payout_results(session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    """The form that takes a provider's result file, uploaded or pasted."""
    run = queries.get_run(session, who.caller.organization_ids, payout_run_id)
    return layout.render("console/paying/results.html", who, shown=run_views.run_summary(session, run))


@blueprint.post("/payout-runs/<payout_run_id>/results")
@signed_in.form("payouts:write", shown_on=payout_results)
def import_payout_results(session: Session, who: SignedIn, payout_run_id: str) -> ResponseReturnValue:
    """Confirm and fail payouts as the file says; the page after it shows what each line did. A repeat changes nothing.

    Nothing of the file is stored, so this page cannot be shown again; sending the file again shows it.
    """
    run = queries.get_run(session, who.caller.organization_ids, payout_run_id)
    done = importing.import_results(session, who.caller, run, _content(), causes.this_request())
    lines = views.result_lines(done)
    return layout.render(
        "console/paying/imported.html",
        who,
        shown=views.imported_body(run, done),
        lines=lines,
        codes=load_codes(session, {one.partner_id for one in lines if one.partner_id}),
    )


def _content() -> bytes:
    """The uploaded file, else the pasted text. Raises InvalidRequest: neither was sent."""
    pasted, uploaded = sent(Results).text, request.files.get("file")
    if uploaded is not None and uploaded.filename:
        content: bytes = uploaded.read()
        return content
    if not pasted:
        raise InvalidRequest("choose the provider's result file, or paste its lines with the header", param="file")
    return pasted.encode()
