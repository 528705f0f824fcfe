"""Command: process an event again, with its audit entry."""

from sqlalchemy.orm import Session

from app.organizations import actors, audit
from app.stripe_events import replaying, views
from app.stripe_events.models import StripeEvent


def replay(session: Session, actor: actors.Actor, event: StripeEvent) -> views.EventBody:
    """Make an event due again as if it had just arrived; only a difference is posted. Wake a worker after the commit.

    Raises:
        Conflict: `wrong_mode`: the event's mode differs from its endpoint's.
    """
    replaying.replay(session, event)
    owner, livemode = event.organization_id, event.livemode
    audit.add_entry(session, actor, "event.replayed", event.stripe_id, organization_id=owner, livemode=livemode)
    return views.event_body(event)
