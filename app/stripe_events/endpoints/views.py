"""Views of endpoints, in snake_case. They show no secret."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app import ids
from app.config import Settings
from app.paging import HasMore
from app.stripe_events.endpoints import signing
from app.stripe_events.endpoints.signing import SigningSecret
from app.stripe_events.models import StripeEndpoint
from app.views import Instant, Snake


class SecretNote(Snake):
    """A signing secret without its value."""

    id: str = Field(examples=["whs_01h455vb4pex5vsknk084sn02q"])
    ends_with: str = Field(description="Its last four characters.")
    added_at: Instant
    expires_at: Instant | None = Field(description="When it expires; null: it does not expire.")


class EndpointBody(Snake):
    """A webhook endpoint."""

    id: str = Field(examples=["whe_01h455vb4pex5vsknk084sn02q"])
    url: str = Field(description="The URL to enter in Stripe.")
    description: str
    livemode: bool
    is_default: bool = Field(description="Whether `/webhooks/stripe` without an id means this endpoint.")
    disabled: bool
    disabled_at: Instant | None
    has_api_key: bool = Field(description="Whether it has a Stripe API key, which is never shown.")
    secrets: list[SecretNote] = Field(description="The secrets in force, newest first.")
    created_at: Instant


class EndpointPage(Snake):
    """A page of endpoints."""

    data: list[EndpointBody]
    has_more: HasMore


def endpoint_body(endpoint: StripeEndpoint, settings: Settings, now: datetime) -> EndpointBody:
    """The endpoint with its address and hints of its secrets."""
    return EndpointBody(**endpoint_fields(endpoint, settings, now))


def endpoint_fields(endpoint: StripeEndpoint, settings: Settings, now: datetime) -> dict[str, Any]:
    """The fields of `EndpointBody`."""
    public_id = ids.encode(ids.STRIPE_ENDPOINT, endpoint.id)
    in_force = [secret for secret in signing.secrets_of(endpoint, settings) if secret.is_in_force(now)]
    return {
        "id": public_id,
        "url": f"{settings.public_url}/webhooks/stripe/{public_id}",
        "description": endpoint.description,
        "livemode": endpoint.livemode,
        "is_default": endpoint.is_default,
        "disabled": endpoint.disabled_at is not None,
        "disabled_at": endpoint.disabled_at,
        "has_api_key": endpoint.api_key_encrypted is not None,
        "secrets": [_secret_note(secret) for secret in in_force],
        "created_at": endpoint.created_at,
    }


def _secret_note(secret: SigningSecret) -> SecretNote:
    return SecretNote(
        id=ids.encode(ids.ENDPOINT_SECRET, secret.id),
        ends_with=secret.hint,
        added_at=secret.added_at,
        expires_at=secret.expires_at,
    )
