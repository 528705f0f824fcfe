"""Mails that say that an endpoint was disabled: to the merchant, or to the partner whose postback URL it is."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids, mails
from app.mails import Mail
from app.organizations.models import Organization
from app.outbox.models import OutboundEndpoint
from app.partners.joining.confirmations import MAIL_LIFETIME
from app.partners.models import Partner
from app.partners.validation import OPEN

SUBJECT: Final = "A webhook endpoint was disabled"
TEXT: Final = """The {what} at {public_url} was disabled on {day}: for three days it has accepted no message.

What waits for it is kept and will be sent when it is enabled again. Correct the receiver first{ways}.
"""
WAYS: Final = """.
GET {public_url}/api/v1/webhook-deliveries?endpoint_id={id} shows every attempt with its problem, and
PATCH {public_url}/api/v1/webhook-endpoints/{id} with {{"disabled": false}} enables it"""


def take_next(session: Session, public_url: str) -> Mail | None:
    """The mail that has been due longest; None if none is due.

    Effects: moves the mail's next attempt at least two minutes into the future, so that no other worker takes it
    meanwhile; drops mails that are older than `MAIL_LIFETIME`, have no recipient, or whose endpoint is enabled again.
    """
    now = datetime.now(UTC)
    oldest = select(OutboundEndpoint).where(OutboundEndpoint.mail_due_at <= now)
    oldest = oldest.order_by(OutboundEndpoint.mail_due_at).limit(1).with_for_update(skip_locked=True)
    while endpoint := session.scalar(oldest):
        recipient = _recipient(session, endpoint)
        disabled_at = endpoint.disabled_at if endpoint.deleted_at is None else None
        if recipient is None or disabled_at is None or disabled_at < now - MAIL_LIFETIME:
            endpoint.mail_due_at = None
            session.flush()
            continue
        endpoint.mail_attempts += 1
        endpoint.mail_due_at = now + mails.wait(endpoint.mail_attempts)
        return Mail(endpoint.id, endpoint.mail_due_at, recipient, SUBJECT, _text(endpoint, disabled_at, public_url))
    return None


def is_due(session: Session) -> bool:
    """Whether any mail is due."""
    due = select(OutboundEndpoint.id).where(OutboundEndpoint.mail_due_at <= func.now())
    return session.scalar(due.limit(1)) is not None


def finish(session: Session, mail_id: UUID, *, problem: str | None = None) -> None:
    """Store that a mail was sent; with a problem it is sent again when it is due."""
    if problem is None:
        session.get_one(OutboundEndpoint, mail_id).mail_due_at = None


def _recipient(session: Session, endpoint: OutboundEndpoint) -> str | None:
    """The merchant's address; of a postback the partner's, if a person has confirmed it."""
    if endpoint.partner_id is None:
        return session.get_one(Organization, endpoint.organization_id).email
    partner = session.get_one(Partner, endpoint.partner_id)
    return partner.email if partner.status in OPEN and partner.email_state != "unconfirmed" else None


def _text(endpoint: OutboundEndpoint, disabled_at: datetime, public_url: str) -> str:
    public_id = ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id)
    mode = "live" if endpoint.livemode else "test"
    is_postback = endpoint.partner_id is not None
    return TEXT.format(
        what=f"postback URL that you set for {mode} mode"
        if is_postback
        else f"webhook endpoint {public_id} ({mode} mode)",
        public_url=public_url,
        day=disabled_at.date().isoformat(),
        ways=", then set its URL again" if is_postback else WAYS.format(public_url=public_url, id=public_id),
    )
