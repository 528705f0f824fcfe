"""Other terms for a program: the form, the check that says which partners keep which terms, and the change."""

from typing import Any, Literal

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import db
from app.explanations.earnings import offers
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.console.programs import find
from app.pages.forms.once import once
from app.pages.forms.programs import fields
from app.pages.forms.programs.settings import to_program
from app.pages.signed_in import SignedIn
from app.partners.managing import commands as managing
from app.partners.managing import program_terms
from app.partners.terms import kept
from app.programs import commands
from app.programs.models import Program
from app.programs.views import ProgramBody


class NewTerms(fields.TermsFields, fields.Beginning):
    """New terms, and from when on existing partners get them.

    Attributes:
        existing: what the partners get that have earlier terms: `keep` them, or the new ones for these customers.
    """

    existing: Literal["keep", "new_customers", "all_customers"] = "keep"


@blueprint.get("/programs/<program_id>/terms")
@signed_in.page("programs:write")
def program_terms_form(session: Session, who: SignedIn, program_id: str) -> Response:
    """The form with the terms in force, and how many partners have which terms."""
    program = find(session, who, program_id)
    shown = commands.load_body(session, program)
    values = request.form or fields.shown_terms(shown)
    return _render(session, who, program, shown, values=values)


@blueprint.post("/programs/<program_id>/terms/check")
@signed_in.form("programs:write", shown_on=program_terms_form)
def check_program_terms(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """What the new terms pay, and which partners would have which terms; changes nothing."""
    program = find(session, who, program_id)
    before, asked = commands.load_body(session, program), sent(NewTerms)
    with db.rolled_back(session):
        after = managing.change_program(session, who.caller, program, asked.terms(program.currency))
        moved = _give(session, who, program, asked)
        kept_after = kept.load(session, program)
    return _render(
        session,
        who,
        program,
        before,
        values=request.form,
        asked=asked,
        after=after,
        moved=moved,
        kept_after=kept_after,
        preview=offers.sentences_of(offers.of_program(after)),
    )


@blueprint.post("/programs/<program_id>/terms")
@signed_in.form("programs:write", shown_on=program_terms_form)
@once
def change_program_terms(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Append the version of the terms that was checked, and give it to existing partners if that was chosen."""
    program, asked = find(session, who, program_id), sent(NewTerms)
    shown = managing.change_program(session, who.caller, program, asked.terms(program.currency))
    moved = _give(session, who, program, asked)
    code = "terms_of_more" if moved.has_more else "terms_changed"
    return layout.flash(to_program(program_id), code, version=shown.terms_version, partners=moved.partners)


def _give(session: Session, who: SignedIn, program: Program, asked: NewTerms) -> program_terms.Moved:
    """Give the terms in force to existing partners, if that was chosen."""
    if asked.existing == "keep":
        return program_terms.Moved(0, has_more=False)
    return program_terms.give_present(session, who.caller, program, asked.existing, effective_from=asked.begins_at)


def _render(session: Session, who: SignedIn, program: Program, shown: ProgramBody, **values: Any) -> Response:
    return layout.render(
        "console/programs/terms.html",
        who,
        shown=shown,
        kept=kept.load(session, program),
        **values,
    )
