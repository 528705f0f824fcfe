"""Commands: create, change and delete webhook endpoints, rotate their secrets, and resend messages, all audited."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.errors import AddressRefused, Conflict, InvalidRequest
from app.immutable import immutable
from app.organizations import actors, audit
from app.organizations.hierarchy import require_merchant
from app.outbound import addresses, views
from app.outbox import deliveries, endpoints
from app.outbox.event_types import ALL, EVENT_TYPES
from app.outbox.models import OutboundDelivery, OutboundEndpoint, OutboundMessage
from app.sentences import problems

MOST_ENDPOINTS: Final = 50
"""The most endpoints of an organization in one mode: every fact is stored once for each."""
BY_REQUEST: Final = "by_request"


@immutable
class NewEndpoint:
    """What a new endpoint is made with.

    Attributes:
        url: a public https address.
        events: event types, or `["*"]`.
        description: a description for people.
        include_backfill: whether it gets what a backfill finds, too.
    """

    url: str
    events: Sequence[str]
    description: str = ""
    include_backfill: bool = False


def create(
    session: Session,
    actor: actors.Actor,
    organization_id: UUID,
    settings: Settings,
    *,
    livemode: bool,
    asked: NewEndpoint,
) -> views.WebhookEndpointWithSecret:
    """Create an endpoint; the answer has its signing secret, which is never shown again.

    Args:
        session: writes the endpoint and the audit entry.
        actor: who creates it.
        organization_id: whose facts it gets; not those of organizations below it.
        settings: for the secret key, and whether private addresses are allowed.
        livemode: whether it gets facts of live or of test money. Never changes.
        asked: its address and what it gets.

    Raises:
        InvalidRequest: names the field.
        Conflict: `not_a_merchant`; `too_many_endpoints`.
    """
    require_merchant(session, organization_id)
    if endpoints.count(session, organization_id, livemode=livemode) >= MOST_ENDPOINTS:
        message = f"the organization has {MOST_ENDPOINTS} webhook endpoints in this mode; delete one that is not needed"
        raise Conflict(message, code="too_many_endpoints")
    secret = endpoints.new_secret()
    endpoint = endpoints.insert_endpoint(
        session,
        organization_id,
        livemode=livemode,
        url=require_url(asked.url, settings),
        events=require_events(asked.events),
        description=asked.description,
        include_backfill=asked.include_backfill,
        secret_encrypted=sealing.seal(secret, settings),
    )
    _add_entry(session, actor, "webhook_endpoint.created", endpoint, events=endpoint.events)
    return views.endpoint_with_secret(endpoint, secret, datetime.now(UTC))


def change(
    session: Session, actor: actors.Actor, endpoint: OutboundEndpoint, changes: Mapping[str, Any], settings: Settings
) -> views.WebhookEndpointBody:
    """Change the given ones of `url`, `events`, `description`, `include_backfill` and `disabled`.

    A disabled endpoint gets no further messages; what waits for it is sent once it is enabled again. With a new
    URL, the three days after which a failing endpoint is disabled begin again.

    Raises:
        InvalidRequest: names the field.
    """
    if "url" in changes:
        endpoint.url, endpoint.failing_since = require_url(changes["url"], settings), None
    if "events" in changes:
        endpoint.events = require_events(changes["events"])
    for name in ("description", "include_backfill"):
        if name in changes:
            setattr(endpoint, name, changes[name])
    if "disabled" in changes:
        _disable(endpoint, disabled=changes["disabled"])
    session.flush()
    _add_entry(session, actor, "webhook_endpoint.updated", endpoint, changed=sorted(changes))
    return shown(endpoint)


def rotate_secret(
    session: Session, actor: actors.Actor, endpoint: OutboundEndpoint, settings: Settings
) -> views.WebhookEndpointWithSecret:
    """Give the endpoint a new signing secret, shown once; for 24 hours messages are signed with the former one too."""
    secret, now = endpoints.new_secret(), datetime.now(UTC)
    endpoints.replace_secret(endpoint, secret, settings, now=now)
    session.flush()
    _add_entry(session, actor, "webhook_endpoint.secret_rotated", endpoint)
    return views.endpoint_with_secret(endpoint, secret, now)


def delete(session: Session, actor: actors.Actor, endpoint: OutboundEndpoint) -> views.WebhookEndpointBody:
    """Delete an endpoint with its secrets; what waits for it is given up, and its deliveries stay listed."""
    endpoints.delete(session, endpoint)
    _add_entry(session, actor, "webhook_endpoint.deleted", endpoint)
    return shown(endpoint)


def send_test(session: Session, actor: actors.Actor, endpoint: OutboundEndpoint) -> views.WebhookDeliveryBody:
    """Send a message of type `webhook.test` to this endpoint only, whatever events it asks for.

    Raises:
        Conflict: `endpoint_disabled`.
    """
    _require_enabled(endpoint)
    subject_id = ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id)
    delivery = deliveries.insert_test(session, endpoint, {"endpoint_id": subject_id}, now=datetime.now(UTC))
    _add_entry(session, actor, "webhook_endpoint.tested", endpoint)
    return views.delivery_body(delivery)


def resend(
    session: Session, actor: actors.Actor, row: Row[OutboundDelivery, OutboundMessage, OutboundEndpoint]
) -> views.WebhookDeliveryBody:
    """Send a message to its endpoint again, with the same id and all attempts before it.

    Raises:
        Conflict: `endpoint_disabled`: its endpoint is disabled or deleted.
    """
    delivery, _, endpoint = row
    _require_enabled(endpoint)
    deliveries.make_due(session, delivery, now=datetime.now(UTC))
    subject_id = ids.encode(ids.OUTBOUND_DELIVERY, delivery.id)
    owner, livemode = delivery.organization_id, delivery.livemode
    audit.add_entry(session, actor, "webhook_delivery.resent", subject_id, organization_id=owner, livemode=livemode)
    return views.delivery_body(delivery)


def reseal_all(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Re-encrypt the secrets of all endpoints of all organizations with the newest secret key; returns their number.

    Raises:
        ConfigurationError: a secret cannot be decrypted with any of our keys; then nothing is changed.
    """
    resealed = endpoints.reseal_all(session, settings)
    for endpoint in resealed:
        _add_entry(session, actor, "webhook_endpoint.resealed", endpoint)
    return len(resealed)


def shown(endpoint: OutboundEndpoint) -> views.WebhookEndpointBody:
    """The endpoint as the API shows it."""
    return views.endpoint_body(endpoint, datetime.now(UTC))


def load_details(
    session: Session, row: Row[OutboundDelivery, OutboundMessage, OutboundEndpoint]
) -> views.WebhookDeliveryDetails:
    """The delivery with its payload and attempts."""
    delivery, message, _ = row
    return views.delivery_details(delivery, message, deliveries.load_attempts(session, delivery.id))


def require_url(url: str, settings: Settings) -> str:
    """`url`, if messages may be sent to it. Raises InvalidRequest."""
    try:
        addresses.parse(url, allow_private=settings.outbound_allow_private)
    except AddressRefused as refused:
        raise InvalidRequest(problems.clause(refused.problem), param="url") from None
    return url


def require_events(events: Sequence[str]) -> list[str]:
    """`events` without repetitions, in the order of the documentation. Raises InvalidRequest."""
    unknown = sorted(set(events) - {ALL, *EVENT_TYPES})
    if unknown:
        raise InvalidRequest(
            f"there is no event type {unknown[0]!r}; use * for all, or {', '.join(EVENT_TYPES)}", param="events"
        )
    if not events:
        raise InvalidRequest('events is empty; list event types, or send ["*"] for all', param="events")
    return [ALL] if ALL in events else [name for name in EVENT_TYPES if name in events]


def _disable(endpoint: OutboundEndpoint, *, disabled: bool) -> None:
    if not disabled:
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
    elif endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_reason = datetime.now(UTC), BY_REQUEST


def _require_enabled(endpoint: OutboundEndpoint) -> None:
    if endpoint.deleted_at is not None:
        raise Conflict("the endpoint was deleted, so nothing can be sent to it", code="endpoint_disabled")
    if endpoint.disabled_at is not None:
        raise Conflict("the endpoint is disabled; enable it first: disabled: false", code="endpoint_disabled")


def _add_entry(session: Session, actor: actors.Actor, action: str, endpoint: OutboundEndpoint, **details: Any) -> None:
    subject_id = ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id)
    owner, livemode = endpoint.organization_id, endpoint.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
