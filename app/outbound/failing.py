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
from app.partners.managing import mails
from app.partners.models import Partner
from app.people import notices

LONGEST: Final = timedelta(days=3)
"""How long an endpoint may fail, without one message that it accepts, before it is disabled."""
FAILING: Final = "failing"


def disable_if_long(session: Session, endpoint_id: UUID, *, now: datetime) -> bool:
    """Disable the endpoint if it has failed for `LONGEST`; returns whether it did.

    Effects: it gets no further messages, those that wait for it stay, a mail is written, and an entry is added
    to the audit trail.
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
    _add_entry(session, endpoint)
    _write_mail(session, endpoint, now)
    return True


def _write_mail(session: Session, endpoint: OutboundEndpoint, now: datetime) -> None:
    """Write the mail: to the merchant's managers, or to the partner whose postback URL it is."""
    public_id = ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id)
    subject, owner = f"{public_id}:{now.isoformat()}", endpoint.organization_id
    if endpoint.partner_id is None:
        mode = endpoint.livemode
        notices.write(session, "endpoint_disabled", subject, owner, livemode=mode, endpoint=str(endpoint.id))
        return
    partner = session.get_one(Partner, endpoint.partner_id)
    mails.write(session, partner, "postback_disabled", subject, livemode=endpoint.livemode, endpoint=str(endpoint.id))


def _add_entry(session: Session, endpoint: OutboundEndpoint) -> None:
    owner, livemode, details = endpoint.organization_id, endpoint.livemode, {"reason": FAILING}
    if endpoint.partner_id is None:
        action, subject_id = "webhook_endpoint.disabled", ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id)
    else:
        action, subject_id = "postback.disabled", ids.encode(ids.PARTNER, endpoint.partner_id)
    audit.add_entry(session, CLOCK, action, subject_id, details, organization_id=owner, livemode=livemode)
