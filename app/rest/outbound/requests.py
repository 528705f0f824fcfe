"""Request models for webhook endpoints and deliveries: paths, queries and bodies."""

from typing import Annotated

from pydantic import Field

from app.outbound.addresses import LONGEST_URL
from app.outbox.event_types import ALL, EVENT_TYPES, TEST
from app.paging import After
from app.views import UNSENT, OneLine, OneOf, Request, hide_defaults

Url = Annotated[
    str,
    Field(max_length=LONGEST_URL, description="A public https address.", examples=["https://example.com/hooks"]),
]
Events = Annotated[
    list[Annotated[str, OneOf((ALL, *EVENT_TYPES))]],
    Field(min_length=1, description='Event types; `["*"]` for every type, later ones too.', examples=[["*"]]),
]
Description = Annotated[str, Field(max_length=200), OneLine()]
IncludeBackfill = Annotated[bool, Field(description="Whether it gets what a backfill finds, too.")]


class WebhookEndpointQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class WebhookEndpointPath(Request):
    """Which endpoint."""

    webhook_endpoint_id: str = Field(description="An endpoint's id, `owe_…`.")


class WebhookEndpointCreation(Request):
    """A new endpoint."""

    url: Url
    events: Events
    description: Description = ""
    include_backfill: IncludeBackfill = False
    livemode: bool | None = Field(
        default=None,
        description="Whether it gets facts of live or of test money: the mode of your key, which need not be sent.",
    )


class WebhookEndpointChange(Request):
    """Fields that are left out do not change."""

    model_config = Request.model_config | {"json_schema_extra": hide_defaults}

    url: Url = UNSENT
    events: Events = UNSENT
    description: Description = UNSENT
    include_backfill: IncludeBackfill = UNSENT
    disabled: bool = Field(default=UNSENT, description="False enables it again, also if it was disabled as failing.")


class WebhookDeliveryQuery(Request):
    """A filter of deliveries."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    endpoint_id: str | None = Field(default=None, description="An endpoint's id, `owe_…`.")
    status: Annotated[str, OneOf(("pending", "delivered", "given_up"))] | None = None
    type: Annotated[str, OneOf((*EVENT_TYPES, TEST))] | None = None


class WebhookDeliveryPath(Request):
    """Which delivery."""

    delivery_id: str = Field(description="A delivery's id, `omd_…`.")
