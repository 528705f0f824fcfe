"""Request models for events, endpoints and Stripe's history: paths, queries and bodies."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.paging import After, Between, Numbered
from app.sentences.outcomes import OUTCOMES
from app.stripe_events.endpoints.limits import LONGEST_OVERLAP_HOURS, OVERLAP_HOURS
from app.stripe_events.endpoints.signing import LONGEST_SECRET, SECRET
from app.stripe_events.queries import UNPROCESSED
from app.views import Moment, OneLine, OneOf, Request

OutcomeCode = Annotated[str, OneOf((*OUTCOMES, UNPROCESSED))]


class EventPath(Request):
    """Which event."""

    event_id: str = Field(description="Stripe's id, or the number in the inbox.")


class EventQuery(Numbered, Between):
    """A filter of events; `since` and `until` limit `received_at`."""

    limit: int = Field(default=50, ge=1, le=100)
    outcome: OutcomeCode | None = None
    type: str | None = Field(default=None, max_length=255, description="Such as `invoice.paid`.")


SecretText = Annotated[
    str,
    Field(
        pattern=f"^{SECRET.pattern}$",
        max_length=LONGEST_SECRET,
        description="The signing secret that Stripe shows for its endpoint.",
    ),
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
    """The endpoint and the secret."""

    secret_id: str = Field(description="A signing secret's id, `whs_…`.")


class EndpointCreation(Request):
    """A new endpoint."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"livemode": False, "description": "EU shop"}]})

    livemode: bool | None = Field(
        default=None,
        description="Whether it receives live events or test events: the mode of your key, which need not be sent. "
        "Never changes.",
    )
    secret: SecretText | None = Field(default=None, description="If it is left out, add it when Stripe shows it.")
    description: Description = ""
    api_key: ApiKey | None = None


class EndpointChange(Request):
    """Fields that are left out do not change."""

    description: Description | None = Field(default=None, examples=["EU shop"])
    disabled: bool | None = None
    api_key: ApiKey | None = Field(default=None, description="Null deletes it.")


class SecretAddition(Request):
    """A signing secret that replaces the present ones."""

    secret: SecretText
    expires_in_hours: int = Field(
        default=OVERLAP_HOURS,
        ge=0,
        le=LONGEST_OVERLAP_HOURS,
        description="How many hours the present secrets stay valid.",
    )


SINCE = "ISO 8601 with a zone."


class RunPath(Request):
    """Which run."""

    run_id: str = Field(description="`run_…`.")


class RunQuery(Numbered):
    """Which runs."""

    limit: int = Field(default=50, ge=1, le=100)


class DriftQuery(Request):
    """A page of a reconciliation's differences."""

    limit: int = Field(default=100, ge=1, le=1000)
    starting_after: str | None = Field(default=None, description="The id of the last difference you have.")


class StripeWindow(Request):
    """A period of a Stripe account's history."""

    until: Moment | None = Field(default=None, description=f"{SINCE} Default: now.")
    account: str = Field(
        default="",
        max_length=255,
        pattern=r"^(acct_\w+)?$",
        description="A connected account's `acct_…`; empty for your own account.",
    )
    livemode: bool | None = Field(default=None, description="The mode of your key, which need not be sent.")


class BackfillRequest(StripeWindow):
    """What to fetch."""

    since: Moment = Field(description=SINCE)
    dry_run: bool = Field(default=False, description="Post nothing; only compute what it would post.")


class ReconciliationRequest(StripeWindow):
    """What to compare."""

    since: Moment | None = Field(
        default=None, description=f"{SINCE} Default: a week ago.", examples=["2026-11-01T00:00:00Z"]
    )
    heal: bool = Field(default=False, description="Fetch what differs, so that it is settled.")


class ReplayRequest(Request):
    """The events to process again: those that meet every condition; without a condition, all."""

    outcome: Annotated[str, OneOf(OUTCOMES)] | None = Field(default=None, examples=["unattributed"])
    type: str | None = Field(default=None, max_length=255, description="Such as `invoice.paid`.")
    since: Moment | None = Field(default=None, description=f"Received then or later; {SINCE}")
    until: Moment | None = Field(default=None, description=f"Received before then; {SINCE}")
