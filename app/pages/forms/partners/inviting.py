"""Inviting partners: one address, or many at once from a pasted list. The links are shown once."""

from typing import Annotated

from flask import Response, request
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from app.http import configured
from app.pages import layout, signed_in
from app.pages.console import programs
from app.pages.console.frame import blueprint, sent
from app.pages.console.programs import find
from app.pages.forms.fields import Word
from app.pages.forms.once import once
from app.pages.signed_in import SignedIn
from app.partners.joining import invitations, pasted
from app.partners.managing import views
from app.partners.validation import slug as valid_slug
from app.views import EmailAddress, Request


class Invitation(Request):
    """An invitation of an address."""

    email: EmailAddress
    name: Word | None = None
    slug: Annotated[str, AfterValidator(valid_slug)] | None = None


class Pasted(Request):
    """A list of addresses, one on each line."""

    addresses: Annotated[str, Field(min_length=1, max_length=100_000)]


@blueprint.post("/programs/<program_id>/invite")
@signed_in.form("partners:write", shown_on=programs.program)
@once
def invite_partner(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Invite an address; the page after it shows the link, this once."""
    program, body = find(session, who, program_id), sent(Invitation)
    invited = invitations.invite(session, who.caller, program, body.email, name=body.name, slug=body.slug)
    shown = views.load_invited(session, invited, configured.settings().public_url)
    return layout.render("console/invited.html", who, status=201, shown=shown)


@blueprint.get("/programs/<program_id>/invitations")
@signed_in.page("partners:write")
def invitations_form(session: Session, who: SignedIn, program_id: str) -> Response:
    """The form for a pasted list."""
    program = find(session, who, program_id)
    values = {"addresses": request.form.get("addresses", "")}
    return layout.render(
        "console/partners/invite_many.html",
        who,
        program_id=program_id,
        name=program.name,
        values=values,
        most=pasted.AT_ONCE,
    )


@blueprint.post("/programs/<program_id>/invitations")
@signed_in.form("partners:write", shown_on=invitations_form)
@once
def invite_partners(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Invite every address of the list; the page after it says of each line what became of it, this once."""
    program = find(session, who, program_id)
    results = pasted.invite_all(session, who.caller, program, sent(Pasted).addresses)
    public_url = configured.settings().public_url
    rows = [
        (one, None if one.invited is None else views.load_invited(session, one.invited, public_url)) for one in results
    ]
    return layout.render(
        "console/partners/invited_many.html",
        who,
        status=201,
        program_id=program_id,
        name=program.name,
        rows=rows,
        invited=sum(shown is not None for _, shown in rows),
    )
