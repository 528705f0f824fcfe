"""Views of webhook endpoints, deliveries and postback URLs, in snake_case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from app import ids
from app.outbox.bodies import contents_of
from app.outbox.models import OutboundAttempt, OutboundDelivery, OutboundEndpoint, OutboundMessage
from app.paging import HasMore
from app.sentences import problems
from app.views import Instant, ShownOnce, Snake

Status = Literal["pending", "delivered", "given_up"]
DISABLED_REASON = (
    "Why: `by_request`; `failing`: it accepted nothing for three days; `restored`: the installation was restored from "
    "an archive. Null: it is not disabled."
)

EndpointId = Annotated[str, Field(examples=["owe_01h455vb4pex5vsknk084sn02q"])]
DeliveryId = Annotated[str, Field(examples=["omd_01h455vb4pex5vsknk084sn02q"])]
MessageId = Annotated[str, Field(examples=["msg_01h455vb4pex5vsknk084sn02q"])]


class WebhookEndpointBody(Snake):
    """An address that messages are sent to."""

    id: EndpointId
    url: str = Field(examples=["https://example.com/hooks"])
    events: list[str] = Field(description='The event types it gets; `["*"]`: every type.', examples=[["*"]])
    description: str
    include_backfill: bool = Field(description="Whether it gets what a backfill finds, too.")
    livemode: bool
    disabled: bool
    disabled_at: Instant | None
    disabled_reason: str | None = Field(description=DISABLED_REASON)
    failing_since: Instant | None = Field(description="Since when no message was accepted; null while it works.")
    previous_secret_ends_at: Instant | None = Field(
        description="Until when messages are signed with the former secret too; null: with one secret."
    )
    created_at: Instant


class WebhookEndpointWithSecret(WebhookEndpointBody):
    """An endpoint with its new signing secret, which is shown in this answer only."""

    secret: ShownOnce = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhookEndpointPage(Snake):
    """A page of endpoints."""

    data: list[WebhookEndpointBody]
    has_more: HasMore


class WebhookDeliveryBody(Snake):
    """A message for one endpoint."""

    id: DeliveryId
    endpoint_id: EndpointId
    message_id: MessageId = Field(description="The header `webhook-id`, the same at every attempt.")
    type: str = Field(examples=["commission.accrued"])
    status: Status = Field(description="`given_up`: after the last attempt, or with its endpoint's deletion.")
    livemode: bool
    attempt_count: int = Field(description="Attempts since it was recorded or last resent.")
    next_attempt_at: Instant | None = Field(description="While it is pending.")
    created_at: Instant
    finished_at: Instant | None = Field(description="When it was delivered or given up.")


class WebhookDeliveryPage(Snake):
    """A page of deliveries."""

    data: list[WebhookDeliveryBody]
    has_more: HasMore


class WebhookAttempt(Snake):
    """One request to the endpoint."""

    attempted_at: Instant
    duration_ms: int
    status_code: int | None = Field(description="Null: there was no answer.", examples=[500])
    error: str | None = Field(description="A code; null if it was accepted.", examples=["call_refused"])
    reason: str | None = Field(description="The error as a sentence.")
    answer: str | None = Field(description="The first 1,024 bytes of the answer's body; null for a postback URL.")


class WebhookDeliveryDetails(WebhookDeliveryBody):
    """A delivery with what was sent and every attempt."""

    payload: dict[str, Any] = Field(description="The body of the requests.")
    attempts: list[WebhookAttempt]


class PostbackBody(Snake):
    """The URL that is called for your commissions in one program."""

    program_id: str
    url: str = Field(examples=["https://tracker.example.com/hit?order={id}&amount={amount}"])
    events: list[str] = Field(examples=[["commission.accrued"]])
    livemode: bool
    disabled_at: Instant | None
    disabled_reason: str | None = Field(
        description="Why: `failing`: no call was accepted for three days; set it again."
    )
    failing_since: Instant | None = Field(description="Since when no call was accepted; null while it works.")
    created_at: Instant


def endpoint_body(endpoint: OutboundEndpoint, now: datetime) -> WebhookEndpointBody:
    """The endpoint without its secrets."""
    return WebhookEndpointBody(**_endpoint_fields(endpoint, now))


def endpoint_with_secret(endpoint: OutboundEndpoint, secret: str, now: datetime) -> WebhookEndpointWithSecret:
    """The endpoint with its new secret."""
    return WebhookEndpointWithSecret(**_endpoint_fields(endpoint, now), secret=secret)


def delivery_body(delivery: OutboundDelivery) -> WebhookDeliveryBody:
    """The delivery as a list shows it."""
    return WebhookDeliveryBody(**_delivery_fields(delivery))


def delivery_details(
    delivery: OutboundDelivery, message: OutboundMessage, attempts: Sequence[OutboundAttempt]
) -> WebhookDeliveryDetails:
    """The delivery with its payload and attempts."""
    shown = [_attempt(attempt) for attempt in attempts]
    return WebhookDeliveryDetails(**_delivery_fields(delivery), payload=contents_of(message), attempts=shown)


def postback_body(endpoint: OutboundEndpoint, program_id: str) -> PostbackBody:
    """The partner's URL."""
    return PostbackBody(
        program_id=program_id,
        url=endpoint.url,
        events=endpoint.events,
        livemode=endpoint.livemode,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
    )


def _endpoint_fields(endpoint: OutboundEndpoint, now: datetime) -> dict[str, Any]:
    ends_at = endpoint.previous_secret_ends_at
    return {
        "id": ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id),
        "url": endpoint.url,
        "events": endpoint.events,
        "description": endpoint.description,
        "include_backfill": endpoint.include_backfill,
        "livemode": endpoint.livemode,
        "disabled": endpoint.disabled_at is not None,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "previous_secret_ends_at": ends_at if ends_at is not None and ends_at > now else None,
        "created_at": endpoint.created_at,
    }


def _delivery_fields(delivery: OutboundDelivery) -> dict[str, Any]:
    return {
        "id": ids.encode(ids.OUTBOUND_DELIVERY, delivery.id),
        "endpoint_id": ids.encode(ids.OUTBOUND_ENDPOINT, delivery.endpoint_id),
        "message_id": ids.encode(ids.OUTBOUND_MESSAGE, delivery.message_id),
        "type": delivery.type,
        "status": cast("Status", delivery.state),
        "livemode": delivery.livemode,
        "attempt_count": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at if delivery.state == "pending" else None,
        "created_at": delivery.created_at,
        "finished_at": delivery.finished_at,
    }


def _attempt(attempt: OutboundAttempt) -> WebhookAttempt:
    return WebhookAttempt(
        attempted_at=attempt.attempted_at,
        duration_ms=attempt.duration_ms,
        status_code=attempt.status_code,
        error=attempt.problem["problem"] if attempt.problem else None,
        reason=problems.sentence(attempt.problem),
        answer=attempt.answer,
    )
