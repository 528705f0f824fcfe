"""Views of the beacon, of what browsers remember, and of the domain of cookies, in snake_case."""

from pydantic import Field

from app.views import Instant, Snake


class BeaconAnswer(Snake):
    """The visitor's session. The answer is the same whether or not a partner has the code."""

    session: str = Field(description="For `affiliate_session_id`, or `aff_sess` in a link.")


class RememberedBody(Snake):
    """What a visitor's browser remembers of partners' links."""

    code: str | None = Field(description="The partner's code; null: nothing is remembered.", examples=["ada-k3x9"])
    session: str | None = Field(description="For `affiliate_session_id`.")
    touched_at: Instant | None = Field(description="When the visitor came through the partner's link.")
    expires_at: Instant | None = Field(description="The end of the program's window.")
    unknown: list[str] = Field(description="The codes of the request that credit no active partner.")


class CookieDomainBody(Snake):
    """Where the cookie of your links is set."""

    domain: str | None = Field(
        description="Null: the host of your links on this server.", examples=["shop.example.com"]
    )
    cookie_name: str = Field(examples=["aff_memory_0c4f9d2b7a61"])
    updated_at: Instant | None
