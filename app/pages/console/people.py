"""People of the organization that is shown, and the browsers in which a person is signed in."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

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
