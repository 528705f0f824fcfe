"""Rows of deliveries and their attempts: lists and finds them, makes one due again, and records a test message."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app import bulk, ids, jobs
from app.errors import InvalidRequest, NotFound
from app.immutable import immutable
from app.outbox.event_types import TEST
from app.outbox.models import OutboundAttempt, OutboundDelivery, OutboundEndpoint, OutboundMessage
from app.paging import Page, load_page, owned_by


@immutable
class DeliveryFilter:
    """A filter of deliveries: they must meet every given condition.

    Attributes:
        livemode: to endpoints of live mode or of test mode.
        endpoint_id: to this endpoint.
        state: `pending`, `delivered` or `given_up`.
        type_: an event type.
    """

    livemode: bool
    endpoint_id: UUID | None = None
    state: str | None = None
    type_: str | None = None


def endpoint_id_of(public_id: str | None) -> UUID | None:
    """The key of an endpoint by which deliveries are filtered; None without one. Raises InvalidRequest."""
    endpoint_id = ids.decode(public_id, ids.OUTBOUND_ENDPOINT) if public_id is not None else None
    if public_id is not None and endpoint_id is None:
        raise InvalidRequest("endpoint_id is not the id of a webhook endpoint, owe_…", param="endpoint_id")
    return endpoint_id


def list_deliveries(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: DeliveryFilter,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[OutboundDelivery]:
    """A page of deliveries, newest first. Raises InvalidRequest."""
    matching = select(OutboundDelivery).where(
        owned_by(OutboundDelivery.organization_id, organization_ids), OutboundDelivery.livemode == filters.livemode
    )
    if filters.endpoint_id is not None:
        matching = matching.where(OutboundDelivery.endpoint_id == filters.endpoint_id)
    if filters.state is not None:
        matching = matching.where(OutboundDelivery.state == filters.state)
    if filters.type_ is not None:
        matching = matching.where(OutboundDelivery.type == filters.type_)
    prefix = ids.OUTBOUND_DELIVERY
    return load_page(session, matching, OutboundDelivery.id, prefix, limit=limit, starting_after=starting_after)


def get_delivery(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> Row[OutboundDelivery, OutboundMessage, OutboundEndpoint]:
    """The delivery with this `omd_…` id, its message and endpoint; `to_change` locks it. Raises NotFound."""
    matching = (
        select(OutboundDelivery, OutboundMessage, OutboundEndpoint)
        .join(OutboundMessage, OutboundMessage.id == OutboundDelivery.message_id)
        .join(OutboundEndpoint, OutboundEndpoint.id == OutboundDelivery.endpoint_id)
        .where(
            OutboundDelivery.id == ids.decode(public_id, ids.OUTBOUND_DELIVERY),
            OutboundDelivery.organization_id.in_(organization_ids),
        )
    )
    row = session.execute(matching.with_for_update(of=OutboundDelivery) if to_change else matching).one_or_none()
    if row is None:
        raise NotFound.of("webhook_delivery", public_id)
    return row


def load_attempts(session: Session, delivery_id: UUID) -> Sequence[OutboundAttempt]:
    """All attempts of a delivery, the first first; tens at most, even if it was resent."""
    query = select(OutboundAttempt).where(OutboundAttempt.delivery_id == delivery_id)
    return session.scalars(query.order_by(OutboundAttempt.id)).all()


def make_due(session: Session, delivery: OutboundDelivery, *, now: datetime) -> None:
    """Make a delivery due at once, with all its attempts before it again; wakes the sender after the commit.

    A sender that has it now loses its lease.
    """
    delivery.state, delivery.attempts, delivery.next_attempt_at = "pending", 0, now
    delivery.lease = delivery.leased_until = delivery.finished_at = None
    session.flush()
    jobs.wake_after_commit(session, jobs.OUTBOUND)


def insert_test(
    session: Session, endpoint: OutboundEndpoint, data: dict[str, Any], *, now: datetime
) -> OutboundDelivery:
    """Record a test message with `data`, for this endpoint only, due at once; wakes the sender after the commit."""
    owner = {"organization_id": endpoint.organization_id, "livemode": endpoint.livemode}
    message = {**owner, "id": ids.new(), "type": TEST, "data": data, "occurred_at": now}
    delivery = {**owner, "id": ids.new(), "type": TEST, "message_id": message["id"], "endpoint_id": endpoint.id}
    bulk.insert(session, OutboundMessage, [message])
    bulk.insert(session, OutboundDelivery, [delivery])
    jobs.wake_after_commit(session, jobs.OUTBOUND)
    return session.get_one(OutboundDelivery, delivery["id"])
