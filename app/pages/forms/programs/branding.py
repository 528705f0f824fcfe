"""How a program looks to its partners: the form of its brand, and its logo."""

from typing import Annotated, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.branding import brand as brands
from app.branding import commands, texts, views
from app.errors import InvalidRequest
from app.http import configured
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.console.programs import find
from app.pages.signed_in import SignedIn
from app.programs import commands as programs
from app.views import Request

SHORT: Final = 300
Text = Annotated[str, Field(max_length=2 * texts.LONGEST)] | None
"""Longer than the command takes, because a browser counts a line break as two characters."""


class BrandFields(Request):
    """The fields of a brand; one that is left empty is not set."""

    name: Annotated[str, Field(max_length=SHORT)] | None = None
    color: Annotated[str, Field(max_length=SHORT)] | None = None
    support_email: Annotated[str, Field(max_length=SHORT)] | None = None
    portal_text: Text = None
    application_text: Text = None


@blueprint.get("/programs/<program_id>/branding")
@signed_in.page("programs:read")
def branding(session: Session, who: SignedIn, program_id: str) -> Response:
    """The brand as partners see it, and for those who may change it, the form."""
    program = find(session, who, program_id)
    shown = views.load_body(session, program, configured.settings().public_url)
    return layout.render(
        "console/programs/branding.html",
        who,
        program=programs.load_body(session, program),
        shown=shown,
        brand=brands.load(session, program.id),
        values=request.form or {name: getattr(shown, name) or "" for name in commands.FIELDS},
    )


@blueprint.post("/programs/<program_id>/branding")
@signed_in.form("programs:write", shown_on=branding)
def change_branding(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Set every field as it was sent."""
    program = find(session, who, program_id)
    commands.change(session, who.caller, program, sent(BrandFields).model_dump())
    return layout.flash(_to_branding(program_id), "branding_changed")


@blueprint.post("/programs/<program_id>/branding/logo")
@signed_in.form("programs:write", shown_on=branding)
def set_logo(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Make the uploaded picture the logo."""
    program = find(session, who, program_id)
    uploaded = request.files.get("file")
    if uploaded is None or not uploaded.filename:
        raise InvalidRequest("file is required; choose a PNG or JPEG picture", param="file")
    commands.set_logo(session, who.caller, program, uploaded.read())
    return layout.flash(_to_branding(program_id), "logo_changed")


@blueprint.post("/programs/<program_id>/branding/logo/remove")
@signed_in.form("programs:write", shown_on=branding)
def remove_logo(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Remove the logo."""
    commands.remove_logo(session, who.caller, find(session, who, program_id))
    return layout.flash(_to_branding(program_id), "logo_removed")


def _to_branding(program_id: str) -> AnyResponse:
    return redirect(url_for("console.branding", program_id=program_id), 303)
