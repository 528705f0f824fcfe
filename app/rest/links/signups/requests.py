"""Request models for customer sign-ups and browser keys."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.paging import After
from app.signups.browser_keys import MAX_ORIGINS
from app.views import EmailAddress, Moment, OneLine, Request

AFFILIATE = "aff_01h455vb4pex5vsknk084sn02q"
CustomerId = Annotated[
    str, Field(min_length=1, max_length=255, description="Your own id of the user."), OneLine(filled=True)
]
SessionId = Annotated[
    str | None, Field(max_length=500, description="The session of the visit, `aff_sess` of the partner's link.")
]


class SignUpReport(Request):
    """A user who registered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer_id": "user_4711", "session_id": "5f2c9a0b1d3e4f60"}]}
    )

    customer_id: CustomerId
    session_id: SessionId = None
    affiliate_id: str | None = Field(
        default=None, description="The affiliate that brought the user, if no session did.", examples=[AFFILIATE]
    )
    email: EmailAddress | None = Field(default=None, description="Only a hash of it is stored.")
    stripe_customer_id: str | None = Field(default=None, max_length=255, examples=["cus_NffrFeUfNV2Hib"])
    occurred_at: Moment | None = Field(default=None, description="When the user registered; null: now.")
    program_id: str | None = Field(default=None, description="Null: your default program.")


class SignUpQuery(Request):
    """A filter of sign-ups."""

    customer_id: str | None = Field(default=None, description="Only the sign-ups of this user.")
    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class SignUpPath(Request):
    """Which sign-up."""

    signup_id: str


class SignUpClaim(Request):
    """A user who registered, as a page says it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "apk_test_2mPq0fGd9RkTzYbWn4vXsA",
                    "customer_id": "user_4711",
                    "session_id": "5f2c9a0b1d3e4f60",
                    "email": "cleo@example.com",
                }
            ]
        }
    )

    key: str | None = Field(default=None, max_length=100, description="The browser key, if no header has it.")
    customer_id: CustomerId
    session_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{7,99}$")]
    email: EmailAddress
    program_id: str | None = Field(default=None, description="Null: your default program.")


class BrowserKeyCreation(Request):
    """A new browser key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "shop", "allowed_origins": ["https://shop.example.com"]}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)]
    allowed_origins: list[Annotated[str, Field(max_length=300)]] = Field(min_length=1, max_length=MAX_ORIGINS)
    livemode: bool | None = Field(default=None, description="Null: the mode of the calling key, the only one possible.")


class BrowserKeyQuery(Request):
    """A page of browser keys."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class BrowserKeyPath(Request):
    """Which browser key."""

    browser_key_id: str
