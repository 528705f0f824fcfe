"""The partner agreement of a program: the version in force, and the form that accepts it."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session

from app.pages import layout
from app.pages.console.frame import sent
from app.pages.portal.frame import blueprint, form, load_enrolled, page, render
from app.pages.signed_in import SignedIn
from app.partners.joining.applications import commands, views
from app.partners.partner_side import writing
from app.views import Request


class AgreementForm(Request):
    """The version that was shown."""

    version: int = Field(ge=1, le=1_000_000)


@blueprint.get("/<program_id>/agreement")
@page("partners:read")
def agreement(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """The agreement in force, and the versions that the partner accepted."""
    enrolled = load_enrolled(session, who, program_id)
    partner = writing.find_enrollment(session, who.caller, program_id)
    return render("agreement.html", who, enrolled=enrolled, shown=views.load_own(session, partner))


@blueprint.post("/<program_id>/agreement")
@form("partners:write", shown_on=agreement)
def accept_agreement(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Accept the version that was shown, if it is in force: field `version`."""
    partner = writing.narrow_to_enrollment(session, who.caller, program_id)
    version = sent(AgreementForm).version
    commands.accept(session, who.caller, partner, version)
    answer = redirect(url_for("portal.agreement", program_id=program_id), 303)
    return layout.flash(answer, "agreement_accepted", version=version)
