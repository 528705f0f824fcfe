"""Request models of the partner side, of sign-up and of joining: paths, queries and bodies."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field

from app.outbound.addresses import LONGEST_URL
from app.outbound.postbacks import PLACEHOLDERS
from app.outbox.event_types import PARTNER_EVENTS
from app.paging import After
from app.payouts.transitions import PayoutStatus
from app.programs.applying.fields import MOST_FIELDS
from app.rest.programs.requests import EPOCH
from app.views import EmailAddress, Moment, OneLine, OneOf, Request


class MyProgramPath(Request):
    """A program you are enrolled in."""

    program_id: str


class MyLinkQuery(Request):
    """Where your link leads, and what you call it."""

    to: str | None = Field(
        default=None,
        max_length=2048,
        description="A page on one of the program's landing hosts. Default: its landing page.",
        examples=["https://shop.example.com/spring"],
    )
    sub_id: str | None = Field(
        default=None,
        max_length=100,
        description="Letters, digits, dots, hyphens and underscores. Visits by the link are counted under it.",
        examples=["newsletter-12"],
    )


class MyActivityQuery(Request):
    """The days of your activity."""

    model_config = ConfigDict(populate_by_name=True)

    first: date | None = Field(
        default=None,
        ge=EPOCH,
        alias="from",
        description="A day in the program's time zone; null: thirty days up to `to`.",
    )
    last: date | None = Field(default=None, ge=EPOCH, alias="to", description="Included; null: today.")


class MyPayoutQuery(Request):
    """A page of your payouts, newest first."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    status: PayoutStatus | None = None
    program_id: str | None = Field(default=None, description="Null: in all your programs.")


class MyListQuery(Request):
    """A page of one of your lists."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class MyBalanceQuery(Request):
    """The time of a balance."""

    at: Moment | None = Field(default=None, description="A time up to now; default: now.")


class Acceptance(Request):
    """Accepts an invitation (`token`), or an enrollment that an owner created for your organization (`program_id`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "the part of the link after #"}]})

    token: str | None = Field(default=None, max_length=200)
    program_id: str | None = None


class SignUp(Request):
    """A sign-up for a program, or the use of an invitation by its token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"program_id": "prog_01h455vb4pex5vsknk084sn02q", "name": "Zoe Smith", "email": "zoe@example.com"}
            ]
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)]
    program_id: str | None = Field(default=None, description="Required without a token.")
    email: EmailAddress | None = Field(default=None, description="Required without a token.")
    token: str | None = Field(
        default=None, max_length=200, description="The token of an invitation, which has the program and the address."
    )
    answers: dict[str, str] = Field(
        default={},
        max_length=MOST_FIELDS,
        description="Answers to the program's application form, by the names of its fields.",
        examples=[{"website": "https://zoe.example/"}],
    )
    agreement_version: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = Field(
        default=None,
        description="The version of the partner agreement that was shown and accepted: required to sign up if the "
        "program has one.",
    )


class AgreementVersion(Request):
    """The version of the partner agreement that was read."""

    version: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class InvitationToken(Request):
    """The token of an invitation's link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "the part of the link after #"}]})

    token: Annotated[str, Field(min_length=1, max_length=200), OneLine()]


class Confirmation(Request):
    """The token of a mailed link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "the part of the link after #"}]})

    token: Annotated[str, Field(min_length=1, max_length=200), OneLine()]


class Postback(Request):
    """The URL that is called for your commissions."""

    url: str = Field(
        max_length=LONGEST_URL,
        description="A public https address. Its query may have placeholders: "
        f"{', '.join(f'`{{{name}}}`' for name in PLACEHOLDERS)}.",
        examples=["https://tracker.example.com/hit?order={id}&amount={amount}"],
    )
    events: list[Annotated[str, OneOf(PARTNER_EVENTS)]] = Field(
        default=[], description="The events it is called for. Default: every event of commissions."
    )


class MyEnrollmentQuery(Request):
    """One of your enrollments."""

    program_id: str | None = Field(default=None, description="Required if you are enrolled in several programs.")


class MyPromotionCodesQuery(MyListQuery):
    """A page of your promotion codes."""

    program_id: str | None = Field(default=None, description="Null: in all your programs.")


class PayoutAccountCreation(Request):
    """An account at Stripe for your payouts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"country": "DE"}]})

    country: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}$",
        description="Where you live or are registered, ISO 3166. Default: the country of the owner's Stripe account. "
        "It cannot be changed once the account exists.",
    )


class PayoutAccountLinkRequest(Request):
    """A link to Stripe's onboarding."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"return_url": "https://shop.example.com/partners/payouts"}]}
    )

    return_url: str | None = Field(
        default=None, max_length=2000, description="Where Stripe sends you afterwards. Default: this server."
    )
    refresh_url: str | None = Field(
        default=None, max_length=2000, description="Where Stripe sends you if the link was used or has expired."
    )
