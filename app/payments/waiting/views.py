"""Views of what waits, in snake_case."""

from dataclasses import asdict
from typing import Any

from pydantic import Field

from app.paging import HasMore
from app.payments.waiting.waiting_list import Waiting
from app.sentences import outcomes, problems
from app.views import Instant, Snake


class WaitingBody(Snake):
    """An event, payment or customer about which something is not known yet."""

    what: str = Field(description="`event`, `payment` or `customer`.")
    id: str = Field(examples=["evt_1Pg"])
    object_id: str | None = Field(description="The Stripe object it is about.")
    account: str | None
    livemode: bool
    reason: str = Field(description="What it waits for, as a code.", examples=["invoice_link"])
    waiting_for: str = Field(description="The same, as a part of a sentence.")
    since: Instant
    look_up: str = Field(description="`none` (no API key, or nothing to ask), `due`, `answered` or `given_up`.")
    next_look_up_at: Instant | None
    attempts: int = Field(description="How often Stripe was asked.")
    problem: str | None = Field(description="Why the last attempt failed.")


class WaitingPage(Snake):
    """A page of what waits."""

    data: list[WaitingBody]
    page: int
    limit: int
    has_more: HasMore


class AskedAgain(Snake):
    """How many look-ups are due now."""

    look_ups: int


def waiting_body(waiting: Waiting) -> WaitingBody:
    """The view of something that waits."""
    return WaitingBody(**waiting_fields(waiting))


def waiting_fields(waiting: Waiting) -> dict[str, Any]:
    """The fields of `WaitingBody`."""
    return asdict(waiting) | {
        "object_id": waiting.object_id or None,
        "account": waiting.account or None,
        "reason": waiting.waiting_for,
        "waiting_for": outcomes.waiting_for(asdict(waiting)),
        "problem": problems.sentence(waiting.problem),
    }
