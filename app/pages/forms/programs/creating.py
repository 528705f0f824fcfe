"""A new program: its form, the check with an example in words, and the creation."""

from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.explanations.earnings import offers, previews
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.forms.once import once
from app.pages.forms.programs.fields import ProgramFields
from app.pages.signed_in import SignedIn
from app.programs import commands

AT_FIRST: Final = {"type": "percentage", "rate": "20", "holdback_days": "30", "currency": "usd", "status": "active"}
"""What the form proposes."""


@blueprint.get("/programs/new")
@signed_in.page("programs:write")
def new_program(_session: Session, who: SignedIn) -> Response:
    """The form for a new program."""
    return _render(who)


@blueprint.post("/programs/check")
@signed_in.form("programs:write", shown_on=new_program)
def check_program(session: Session, who: SignedIn) -> ResponseReturnValue:
    """What a partner of the new program will earn, in sentences; creates nothing."""
    fields = sent(ProgramFields)
    shown = previews.try_creation(session, who.caller, who.caller.organization_id, fields.settings())
    return _render(who, shown=shown, preview=offers.sentences_of(offers.of_program(shown)))


@blueprint.post("/programs")
@signed_in.form("programs:write", shown_on=new_program)
@once
def create_program(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Create the program that was checked."""
    shown = commands.create(session, who.caller, who.caller.organization_id, sent(ProgramFields).settings())
    made = redirect(url_for("console.program", program_id=shown.id), 303)
    return layout.flash(made, "program_created", name=shown.name)


def _render(who: SignedIn, **checked: Any) -> Response:
    return layout.render("console/programs/new.html", who, values=request.form or AT_FIRST, **checked)
