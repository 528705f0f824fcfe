"""The settings of a program, and its status. Terms are changed in `terms`."""

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.console.programs import find
from app.pages.forms.programs import fields
from app.pages.signed_in import SignedIn
from app.partners.managing import commands as managing
from app.partners.terms import kept
from app.programs import commands
from app.programs.validation import NEXT_STATUSES, ProgramStatus
from app.views import Request


class StatusChange(Request):
    """Another status of a program."""

    status: ProgramStatus


@blueprint.get("/programs/<program_id>/settings")
@signed_in.page("programs:write")
def program_settings(session: Session, who: SignedIn, program_id: str) -> Response:
    """The form with the present settings."""
    shown = commands.load_body(session, find(session, who, program_id))
    values = request.form or fields.shown_settings(shown)
    return layout.render("console/programs/settings.html", who, shown=shown, values=values)


@blueprint.post("/programs/<program_id>/settings")
@signed_in.form("programs:write", shown_on=program_settings)
def change_program_settings(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Change the settings that differ."""
    program = find(session, who, program_id)
    managing.change_program(session, who.caller, program, sent(fields.SettingsFields).settings())
    return layout.flash(to_program(program_id), "program_changed")


@blueprint.get("/programs/<program_id>/status")
@signed_in.page("programs:write")
def program_status(session: Session, who: SignedIn, program_id: str) -> Response:
    """The statuses that the program can get, and how many partners each of them concerns."""
    program = find(session, who, program_id)
    return layout.render(
        "console/programs/status.html",
        who,
        shown=commands.load_body(session, program),
        statuses=NEXT_STATUSES[program.status],
        kept=kept.load(session, program),
    )


@blueprint.post("/programs/<program_id>/status")
@signed_in.form("programs:write", shown_on=program_status)
def change_program_status(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Activate, pause or archive the program."""
    program = find(session, who, program_id)
    managing.change_program(session, who.caller, program, {"status": sent(StatusChange).status})
    return layout.flash(to_program(program_id), "program_changed")


def to_program(program_id: str) -> AnyResponse:
    """To the page of the program."""
    return redirect(url_for("console.program", program_id=program_id), 303)
