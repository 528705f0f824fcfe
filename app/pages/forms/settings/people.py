"""People of the organization: adding one, changing a role, and taking one out."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.pages import layout, signed_in
from app.pages.console import people
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Word
from app.pages.forms.settings import confirming
from app.pages.signed_in import SignedIn
from app.people import memberships, views
from app.views import EmailAddress, Request


class NewPerson(Request):
    """A person to add, or to let in again."""

    email: EmailAddress
    role: str
    name: Word | None = None


class NewRole(Request):
    """Another role."""

    role: str = ""


@blueprint.post("/settings/people")
@signed_in.form("people:write", shown_on=people.people)
def add_person(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Add a person, or let a disabled one in again."""
    body, owner = sent(NewPerson), who.caller.organization_id
    member = memberships.add(session, who.caller, owner, email=body.email, role=body.role, name=body.name)
    address = f"{configured.settings().public_url}/login"
    return layout.flash(_to_people(), "person_added", email=views.person_body(member).email, address=address)


@blueprint.post("/settings/people/<person_id>/role")
@signed_in.form("people:write")
def set_role(session: Session, who: SignedIn, person_id: str) -> ResponseReturnValue:
    """Change the role of a person, from its next request on."""
    member = memberships.get(session, [who.caller.organization_id], person_id)
    shown = views.person_body(memberships.set_role(session, who.caller, member, sent(NewRole).role))
    return layout.flash(_to_people(), "role_changed", email=shown.email, role=shown.role)


@blueprint.get("/settings/people/<person_id>/disable")
@signed_in.page("people:write")
def ask_to_disable_person(session: Session, who: SignedIn, person_id: str) -> Response:
    """What taking a person out of the organization does."""
    shown = views.person_body(memberships.get(session, [who.caller.organization_id], person_id))
    back = url_for("console.people")
    return confirming.page(who, "disable_person", {"person_id": person_id}, back=back, email=shown.email)


@blueprint.post("/settings/people/<person_id>/disable")
@signed_in.form("people:write", shown_on=ask_to_disable_person)
def disable_person(session: Session, who: SignedIn, person_id: str) -> ResponseReturnValue:
    """Take a person out of the organization; its sessions there end at once."""
    member = memberships.get(session, [who.caller.organization_id], person_id)
    shown = views.person_body(memberships.disable(session, who.caller, member))
    return layout.flash(_to_people(), "person_disabled", email=shown.email)


def _to_people() -> Response:
    return redirect(url_for("console.people"), 303)
