"""Disabling endpoints that have failed for days."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.organizations import audit
from app.organizations.actors import CLOCK
from app.outbox.models import OutboundEndpoint

LONGEST: Final = timedelta(days=3)
"""How long an endpoint may fail, without one message that it accepts, before it is disabled."""
FAILING: Final = "failing"


def disable_if_long(session: Session, endpoint_id: UUID, *, now: datetime) -> bool:
    """Disable the endpoint if it has failed for `LONGEST`; returns whether it did.

    Effects: it gets no further messages, those that wait for it stay, and an entry is added to the audit trail.
    """
    failing = select(OutboundEndpoint).where(
        OutboundEndpoint.id == endpoint_id,
        OutboundEndpoint.failing_since <= now - LONGEST,
        OutboundEndpoint.disabled_at.is_(None),
        OutboundEndpoint.deleted_at.is_(None),
    )
    endpoint = session.scalar(failing.with_for_update())
    if endpoint is None:
        return False
    endpoint.disabled_at, endpoint.disabled_reason = now, FAILING
    audit.add_entry(
        session,
        CLOCK,
        "webhook_endpoint.disabled",
        ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id),
        {"reason": FAILING},
        organization_id=endpoint.organization_id,
        livemode=endpoint.livemode,
    )
    return True
