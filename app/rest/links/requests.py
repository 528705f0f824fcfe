"""Request models for partners' links, the beacon, and what browsers remember."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.views import Documented, Request


class LinkPath(BaseModel):
    """The path of a link: the partner's code."""

    code: str = Field(description="Upper or lower case, such as `jane-smith-a1b2`.")


class LinkQuery(Documented):
    """Query parameters of a link; `utm_…` parameters are stored and passed to the target, others are ignored."""

    model_config = ConfigDict(extra="ignore")

    to: str | None = Field(
        default=None, description="A page of the program's own landing hosts, instead of its landing page."
    )
    program_id: str = Field(
        default="", description="The program, if several owners on one server have given the same code."
    )


class BeaconBody(Request):
    """One arrival, reported by the page the visitor arrived at."""

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
        default=None, max_length=500, description="The visitor's session id; if it is left out, a new one is made."
    )
    landing: str = Field(default="", max_length=8192, description="The page's address; `utm_…` is taken from it.")
    referrer: str = Field(default="", max_length=8192)
    program_id: str = Field(default="", max_length=100)
    key: str | None = Field(
        default=None, max_length=100, description="A browser key, for pages that are not on the program's hosts."
    )


class ProgramQuery(Request):
    """The program whose page asks."""

    program: str = Field(max_length=100, examples=["prog_01h455vb4pex5vsknk084sn02q"])


class MemoryQuery(ProgramQuery):
    """The program whose page asks, and codes that its page was opened with."""

    code: list[Annotated[str, Field(max_length=500)]] = Field(
        default_factory=list, max_length=10, description="Whether these credit a partner; may be repeated."
    )


class MemoryBody(Request):
    """A code that the visitor's browser is to remember."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "jane-smith-a1b2"}]})

    code: str = Field(max_length=500)
    session: str | None = Field(default=None, max_length=500, description="The session of the visit, if it has one.")


class CookieDomainChange(Request):
    """The domain of the cookie."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"domain": "shop.example.com"}]})

    domain: str = Field(max_length=253, description="Your site's domain, which the host of your links is in.")
