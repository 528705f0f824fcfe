"""What links and beacons take and answer."""

from pydantic import BaseModel, ConfigDict, Field

from app.views import Documented, Request, Snake


class LinkPath(BaseModel):
    """A partner's code."""

    code: str = Field(description="In either case, `jane-smith-a1b2`.")


class LinkQuery(Documented):
    """What a link may carry; anything else is passed over, `utm_…` is kept and handed on."""

    model_config = ConfigDict(extra="ignore")

    to: str | None = Field(
        default=None, description="A page of the program's own landing hosts, instead of its landing page."
    )
    program_id: str = Field(
        default="", description="Which program, where several owners on one server gave the same code."
    )


class BeaconBody(Request):
    """One arrival, told by the page itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "jane-smith-a1b2",
                    "landing": "https://shop.example.com/spring?utm_source=newsletter",
                    "referrer": "https://blog.example/best-shops",
                }
            ]
        }
    )

    code: str = Field(max_length=500)
    session: str | None = Field(
        default=None, max_length=500, description="The session the visitor has; without one a fresh one is made."
    )
    landing: str = Field(default="", max_length=8192, description="The page's address; `utm_…` is taken from it.")
    referrer: str = Field(default="", max_length=8192)
    program_id: str = Field(default="", max_length=100)


class BeaconAnswer(Snake):
    """The same whether the code is somebody's or not."""

    session: str = Field(description="For `affiliate_session_id`, or `aff_sess` in a link.")
