"""Endpoints as their surface shows them. A secret goes in and never comes out again."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app import ids
from app.config import Settings
from app.paging import After
from app.stripe_events.endpoints import signing
from app.stripe_events.endpoints.limits import LONGEST_OVERLAP_HOURS, OVERLAP_HOURS
from app.stripe_events.endpoints.signing import LONGEST_SECRET, SECRET, SigningSecret
from app.stripe_events.models import StripeEndpoint
from app.views import Instant, OneLine, Request, Snake

SecretText = Annotated[
    str,
    Field(pattern=f"^{SECRET.pattern}$", max_length=LONGEST_SECRET, description="As Stripe shows it for its endpoint."),
]
Description = Annotated[str, Field(max_length=200), OneLine()]
ApiKey = Annotated[
    str,
    Field(
        max_length=255, description="A restricted key (`rk_…`) of the same mode, to fetch what events do not contain."
    ),
]


class EndpointQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class EndpointPath(Request):
    """Which endpoint."""

    endpoint_id: str = Field(description="An endpoint's id, `whe_…`.")


class SecretPath(EndpointPath):
    """Which secret of which endpoint."""

    secret_id: str = Field(description="A signing secret's id, `whs_…`.")


class EndpointCreation(Request):
    """A new endpoint."""

    livemode: bool = Field(description="Whether it receives live events, or test events. Never changes.")
    secret: SecretText | None = Field(default=None, description="Left out: add it once Stripe shows it.")
    description: Description = ""
    api_key: ApiKey | None = None


class EndpointChange(Request):
    """What shall be different; what is left out stays."""

    description: Description | None = Field(default=None, examples=["EU shop"])
    disabled: bool | None = None
    api_key: ApiKey | None = Field(default=None, description="Null forgets it.")


class SecretAddition(Request):
    """A signing secret that takes the place of the present ones."""

    secret: SecretText
    expires_in_hours: int = Field(
        default=OVERLAP_HOURS, ge=0, le=LONGEST_OVERLAP_HOURS, description="How long the present ones still count."
    )


class SecretNote(Snake):
    """A signing secret without its value."""

    id: str = Field(examples=["whs_01h455vb4pex5vsknk084sn02q"])
    ends_with: str = Field(description="Its last four characters.")
    added_at: Instant
    expires_at: Instant | None = Field(description="From then on what it signs is refused; null: it has no end.")


class EndpointBody(Snake):
    """A webhook endpoint."""

    id: str = Field(examples=["whe_01h455vb4pex5vsknk084sn02q"])
    url: str = Field(description="What to enter in Stripe as the endpoint's URL.")
    description: str
    livemode: bool
    disabled: bool
    disabled_at: Instant | None
    has_api_key: bool = Field(description="A key goes in and never comes out.")
    secrets: list[SecretNote] = Field(description="Those in force, newest first.")
    created_at: Instant


class EndpointList(Snake):
    """A page of endpoints."""

    data: list[EndpointBody]


def endpoint_body(endpoint: StripeEndpoint, settings: Settings, now: datetime) -> EndpointBody:
    """The endpoint with its address and hints of its secrets."""
    return EndpointBody(**endpoint_fields(endpoint, settings, now))


def endpoint_fields(endpoint: StripeEndpoint, settings: Settings, now: datetime) -> dict[str, Any]:
    """The fields of `EndpointBody`."""
    public_id = ids.encode(ids.STRIPE_ENDPOINT, endpoint.id)
    in_force = [one for one in signing.secrets_of(endpoint, settings) if one.is_in_force(now)]
    return {
        "id": public_id,
        "url": f"{settings.public_url}/webhooks/stripe/{public_id}",
        "description": endpoint.description,
        "livemode": endpoint.livemode,
        "disabled": endpoint.disabled_at is not None,
        "disabled_at": endpoint.disabled_at,
        "has_api_key": endpoint.api_key_encrypted is not None,
        "secrets": [_secret_note(one) for one in in_force],
        "created_at": endpoint.created_at,
    }


def _secret_note(secret: SigningSecret) -> SecretNote:
    return SecretNote(
        id=ids.encode(ids.ENDPOINT_SECRET, secret.id),
        ends_with=secret.hint,
        added_at=secret.added_at,
        expires_at=secret.expires_at,
    )
