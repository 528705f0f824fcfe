"""Makes everything that was processed due again."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.stripe_events import inbox

_FORGET = text("UPDATE stripe_events SET processed_at = NULL, outcome = NULL RETURNING id")


def make_all_due(session: Session) -> None:
    """Forget every event's outcome, and make it due."""
    inbox.make_due(session, session.scalars(_FORGET).all())
