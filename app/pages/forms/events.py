"""The replay of an event."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import jobs
from app.pages import layout, signed_in
from app.pages.console import events
from app.pages.console.frame import blueprint
from app.pages.signed_in import SignedIn
from app.stripe_events import queries, replaying


@blueprint.post("/events/<event_id>/replay")
@signed_in.form("events:write", shown_on=events.event)
def replay_event(session: Session, who: SignedIn, event_id: str) -> ResponseReturnValue:
    """Process an event again as if it had just arrived."""
    event = queries.get_event(session, who.caller.organization_ids, event_id)
    replaying.replay(session, who.caller, event)
    jobs.wake(jobs.DRAIN)
    return layout.flash(redirect(url_for("console.event", event_id=event_id), 303), "event_replayed")
