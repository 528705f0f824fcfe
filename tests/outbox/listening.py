"""Endpoints that listen, and what was recorded for them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db, ids
from app.outbox.models import OutboundDelivery, OutboundEndpoint, OutboundMessage


def listen(organization_id: UUID, *events: str, livemode: bool = False, **columns: Any) -> UUID:
    """An endpoint of the organization for these events, all of them without any."""
    endpoint = OutboundEndpoint(
        id=ids.new(),
        organization_id=organization_id,
        livemode=livemode,
        url="https://receiver.example/hooks",
        events=list(events) or ["*"],
        secret_encrypted="sealed",
        **columns,
    )
    with db.transaction() as session:
        session.add(endpoint)
    return endpoint.id


def recorded(session: Session, endpoint_id: UUID) -> Sequence[OutboundMessage]:
    """The messages for this endpoint, in the order in which they were recorded."""
    to_it = (
        select(OutboundMessage)
        .join(OutboundDelivery, OutboundDelivery.message_id == OutboundMessage.id)
        .where(OutboundDelivery.endpoint_id == endpoint_id)
    )
    return session.scalars(to_it.order_by(OutboundMessage.id)).all()


def types_for(endpoint_id: UUID) -> list[str]:
    """The types of the messages for this endpoint."""
    with db.transaction() as session:
        return [message.type for message in recorded(session, endpoint_id)]
