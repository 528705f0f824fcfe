"""People of the organization that is shown, and the browsers in which a person is signed in."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Listing, asked, blueprint, links
from app.pages.signed_in import SignedIn
from app.people import memberships, views
from app.people import sessions as own_sessions
from app.people.roles import ROLES


@blueprint.get("/settings/people")
@signed_in.page("people:read")
def people(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Who may sign in, with their roles; disabled people too."""
    query = asked(Listing)
    page = memberships.list_members(
        session, who.caller.organization_id, limit=ROWS, starting_after=query.starting_after
    )
    shown = [views.person_body(member) for member in page.rows]
    return layout.render(
        "console/settings/people.html",
        who,
        rows=shown,
        roles=ROLES,
        links=links(shown, has_more=page.has_more),
    )


@blueprint.post("/settings/people")
@signed_in.form("people:write")
def add_person(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Add a person: fields `email`, `role` and, optionally, `name`."""
    sent = request.form
    member = memberships.add(
        session,
        who.caller,
        who.caller.organization_id,
        email=sent.get("email", ""),
        role=sent.get("role", ""),
        name=sent.get("name") or None,
    )
    address = f"{configured.settings().public_url}/login"
    return layout.flash(_to_people(), "person_added", email=views.person_body(member).email, address=address)


@blueprint.post("/settings/people/<person_id>/role")
@signed_in.form("people:write")
def set_role(session: Session, who: SignedIn, person_id: str) -> ResponseReturnValue:
    """Change the role of a person: field `role`."""
    member = memberships.get(session, [who.caller.organization_id], person_id)
    shown = views.person_body(memberships.set_role(session, who.caller, member, request.form.get("role", "")))
    return layout.flash(_to_people(), "role_changed", email=shown.email, role=shown.role)


@blueprint.post("/settings/people/<person_id>/disable")
@signed_in.form("people:write")
def disable_person(session: Session, who: SignedIn, person_id: str) -> ResponseReturnValue:
    """Take a person out of the organization; its sessions there end at once."""
    member = memberships.get(session, [who.caller.organization_id], person_id)
    shown = views.person_body(memberships.disable(session, who.caller, member))
    return layout.flash(_to_people(), "person_disabled", email=shown.email)


@blueprint.get("/settings/sessions")
@signed_in.page(None)
def sessions(session: Session, who: SignedIn) -> ResponseReturnValue:
    """The browsers in which this person is signed in."""
    rows = views.session_bodies(who, own_sessions.list_own(session, who))
    return layout.render("console/settings/sessions.html", who, rows=rows)


@blueprint.post("/settings/sessions/<session_id>/end")
@signed_in.form(None)
def end_session(session: Session, who: SignedIn, session_id: str) -> ResponseReturnValue:
    """Sign out one of the person's own browsers."""
    own_sessions.revoke_own(session, who, session_id)
    return layout.flash(redirect(url_for("console.sessions"), 303), "session_ended")


def _to_people() -> Response:
    return redirect(url_for("console.people"), 303)
