"""Views of customer sign-ups and browser keys, in snake_case."""

from typing import Literal

from pydantic import Field

from app import ids
from app.paging import HasMore
from app.signups.models import BrowserKey
from app.views import Instant, Snake


class SignUpBody(Snake):
    """A customer sign-up, and what it means for attribution."""

    id: str = Field(examples=["sgn_01h455vb4pex5vsknk084sn02q"])
    program_id: str = Field(examples=["prog_01h455vb4pex5vsknk084sn02q"])
    livemode: bool
    customer_id: str = Field(description="Your own id of the user.", examples=["user_4711"])
    source: str = Field(description="`server`, `browser`, or `import:` and the former system.", examples=["server"])
    partner_id: str | None = Field(description="The partner that it names; null: none.")
    outcome: str = Field(
        description="`bound`: the user is the partner's. Else why not: `unattributed`, `outside_window`, …",
        examples=["bound"],
    )
    sentence: str
    session_id: str | None
    stripe_customer_id: str | None
    has_email: bool = Field(description="Whether an e-mail address was stated. Only a hash of it is stored.")
    occurred_at: Instant
    created_at: Instant


class SignUpPage(Snake):
    """A page of sign-ups."""

    data: list[SignUpBody]
    has_more: HasMore


class ClaimAnswer(Snake):
    """The answer to a claim of a browser, the same for every claim."""

    outcome: Literal["recorded"]


class BrowserKeyBody(Snake):
    """A key for your pages."""

    id: str = Field(examples=["bky_01h455vb4pex5vsknk084sn02q"])
    organization_id: str
    livemode: bool
    name: str = Field(examples=["shop"])
    browser_key: str = Field(description="It is public.", examples=["apk_test_2mPq0fGd9RkTzYbWn4vXsA"])
    allowed_origins: list[str] = Field(examples=[["https://shop.example.com"]])
    created_at: Instant
    revoked_at: Instant | None


class BrowserKeyPage(Snake):
    """A page of browser keys."""

    data: list[BrowserKeyBody]
    has_more: HasMore


def browser_key_body(key: BrowserKey) -> BrowserKeyBody:
    """A browser key as the API shows it."""
    return BrowserKeyBody(
        id=ids.encode(ids.BROWSER_KEY, key.id),
        organization_id=ids.encode(ids.ORGANIZATION, key.organization_id),
        livemode=key.livemode,
        name=key.name,
        browser_key=key.browser_key,
        allowed_origins=key.allowed_origins,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
