"""The first API key of an affiliate that joins by itself."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.organizations import actors, keys
from app.stripe_events.endpoints import rows as endpoint_rows


def issue(session: Session, organization_id: UUID, owner_id: UUID) -> str:
    """Create a new affiliate's first key; returns it in plain text, which can be shown only this once.

    It is a live key once the program's owner has an endpoint for live events, else a test key.
    """
    livemode = endpoint_rows.has_live(session, owner_id)
    _, plaintext = keys.issue_key(
        session, actors.PUBLIC, organization_id, name="sign-up", level="manage", livemode=livemode
    )
    return plaintext
