"""Views of events, in snake_case. Payloads are never shown, because they contain customers' data."""

from typing import Any

from pydantic import Field

from app import ids
from app.paging import HasMore
from app.sentences import outcomes, problems
from app.stripe_events.models import StripeEvent
from app.views import Instant, Snake


class EventBody(Snake):
    """An event of the inbox, without its payload."""

    id: str = Field(description="Stripe's id.", examples=["evt_1Pg"])
    inbox_id: int = Field(description="Its number in the inbox: the same event in two API versions has two.")
    type: str
    object_id: str | None
    account: str | None
    livemode: bool
    endpoint_id: str | None = Field(description="The endpoint it came through; null: it was fetched from Stripe.")
    api_version: str | None
    occurred_at: Instant
    received_at: Instant
    processed_at: Instant | None
    attempts: int
    next_attempt_at: Instant | None = Field(description="While it is unprocessed.")
    outcome: str | None
    reason: str = Field(description="The outcome as a sentence.")
    last_error: str | None = Field(description="Why the last attempt failed.")


class EventPage(Snake):
    """A page of events."""

    data: list[EventBody]
    page: int
    limit: int
    has_more: HasMore


def event_body(event: StripeEvent) -> EventBody:
    """The event with its outcome as a code and a sentence."""
    return EventBody(**event_fields(event))


def event_fields(event: StripeEvent) -> dict[str, Any]:
    """The fields of `EventBody`."""
    return {
        "id": event.stripe_id,
        "inbox_id": event.id,
        "type": event.type,
        "object_id": event.object_id or None,
        "account": event.account or None,
        "livemode": event.livemode,
        "endpoint_id": ids.encode(ids.STRIPE_ENDPOINT, event.endpoint_id) if event.endpoint_id else None,
        "api_version": event.api_version or None,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "processed_at": event.processed_at,
        "attempts": event.attempts,
        "next_attempt_at": event.next_attempt_at,
        "outcome": event.outcome,
        "reason": outcomes.sentence(event.outcome, event.outcome_details),
        "last_error": problems.clause(error) if (error := event.last_error or _problem(event)) else None,
    }


def _problem(event: StripeEvent) -> dict[str, Any] | None:
    """Why an event was parked without a failed attempt; None if it was not."""
    return event.outcome_details if event.outcome == "parked" else None
