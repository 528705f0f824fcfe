"""A partner's own person: its address and role, and the browsers in which it is signed in."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import db, ids
from app.mail_queue import switches
from app.mail_queue.kinds import changeable
from app.pages import layout
from app.pages.portal.frame import blueprint, form, page, render
from app.pages.signed_in import SignedIn
from app.people import sessions


@blueprint.get("/profile")
@page("partners:read")
def profile(session: Session, who: SignedIn) -> ResponseReturnValue:
    """The person, the organization, and the present sessions."""
    rows = [(ids.encode(ids.SESSION, row.id), row) for row in sessions.list_own(session, who)]
    with db.across_modes(session):  # what a person wants counts for all its organizations, also those not shown now
        unwanted = switches.of_person(session, who.person_id)
    return render(
        "profile.html",
        who,
        rows=rows,
        own=ids.encode(ids.SESSION, who.session_id),
        kinds=changeable(to_partners=True),
        unwanted=unwanted,
    )


@blueprint.post("/profile/sessions")
@form("partners:read")
def end_session(session: Session, who: SignedIn) -> ResponseReturnValue:
    """End another session of the person: field `session_id`."""
    sessions.revoke_own(session, who, request.form.get("session_id", ""))
    return layout.flash(redirect(url_for("portal.profile"), 303), "session_ended")
