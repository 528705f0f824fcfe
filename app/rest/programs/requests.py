"""Request models for programs, their partners and figures: paths, queries and bodies."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from app.paging import After
from app.partners.terms.snapshots import AppliesTo
from app.partners.validation import AffiliateStatus
from app.programs.shapes import Bps, Commission
from app.programs.validation import ProgramStatus
from app.programs.views import (
    AttributionModel,
    CommissionBase,
    ConversionKind,
    CouponPrecedence,
    LinkCookie,
    PromotionCoupon,
)
from app.rest.partners.requests import Slug
from app.views import UNSENT, EmailAddress, Moment, OneLine, Request, hide_defaults

Name = Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)]


Signal = Annotated[str, Field(min_length=1, max_length=200), OneLine()]


Url = Annotated[str, Field(max_length=2000, examples=["https://shop.example.com/"])]


Hosts = Annotated[
    list[Annotated[str, Field(max_length=260)]],
    Field(max_length=50, description="Further hosts that links may lead to, besides that of landing_url."),
]


Days = Annotated[int, Field(ge=0, le=3650, strict=True)]


WindowDays = Annotated[int, Field(ge=1, le=3650, strict=True)]


Cents = Annotated[int, Field(ge=0, le=10**12, strict=True)]


Minimums = Annotated[
    dict[Annotated[str, Field(max_length=10)], Cents],
    Field(max_length=200, description="By currency, in its smallest unit.", examples=[{"usd": 5000, "eur": 5000}]),
]


Zone = Annotated[str, Field(max_length=64, description="IANA name.", examples=["Europe/Berlin"])]


Flag = Annotated[bool, Field(strict=True)]


class LadderStep(Request):
    """The rate of the upline of one level: level 1 invited the partner, level 2 invited level 1, and so on.

    Uplines earn nothing on invoice lines that earn the partner nothing.
    """

    level: Annotated[int, Field(ge=1, le=20, strict=True)]
    bps: Bps


UserIdField = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="The metadata field of Stripe objects in which you have your own id of the user.",
        examples=["user_id"],
    ),
]
Ladder = Annotated[list[LadderStep], Field(max_length=20)]


class ProgramPath(Request):
    """The program."""

    program_id: str


class Cutoff(Request):
    """From when on payments earn in a program, in the key's mode."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cutoff_at": "2026-11-01T00:00:00Z"}]})

    cutoff_at: Moment | None = Field(description="Payments made before it earn nothing; null: every payment earns.")


class TermsGift(Request):
    """Which payments the program's present terms count for, and from when on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"apply_to": "new_customers", "dry_run": True}]})

    apply_to: AppliesTo = Field(
        default="all_customers", description="new_customers: renewals of present customers are not affected."
    )
    effective_from: Moment | None = Field(default=None, description="Not in the past; null: now.")
    dry_run: Flag = Field(default=False, description="Change nothing; only answer how many partners would get them.")


class ProgramQuery(Request):
    """A page of the list of programs."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class ProgramCreation(Request):
    """A new program with version 1 of its terms."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Friends",
                    "status": "active",
                    "currency": "usd",
                    "landing_url": "https://shop.example.com/",
                    "commission": {"type": "percentage", "bps": 2000},
                    "holdback_days": 30,
                }
            ]
        }
    )

    name: Name
    commission: Commission
    currency: str = Field(default="usd", max_length=10)
    status: Literal["draft", "active"] = "draft"
    landing_url: Url | None = None
    landing_hosts: Hosts = Field(default_factory=list)
    multi_level_enabled: Flag = False
    multi_level: Ladder = Field(default_factory=list)
    holdback_days: Days | None = Field(default=None, description="Null: nothing is approved automatically.")
    commission_base: CommissionBase = "net"
    platform_fee_bps: Bps = 0
    minimum_payout_cents: Cents = Field(default=UNSENT, description="In the program's currency.", examples=[5000])
    minimum_payouts: Minimums = Field(default=UNSENT)
    auto_approve: Flag = False
    open_signup: Flag = False
    conversion_kind: ConversionKind = "payment"
    conversion_event_name: Signal | None = None
    conversion_entitlement_id: Signal | None = None
    attribution_model: AttributionModel = "last_touch"
    attribution_window_days: WindowDays = 30
    coupon_precedence: CouponPrecedence = "link"
    promotion_coupon: PromotionCoupon = None
    allow_self_referral: Flag = False
    include_out_of_band: Flag = False
    time_zone: Zone = "UTC"
    link_cookie: LinkCookie = "on"
    user_id_field: UserIdField = "user_id"
    is_default: Flag | None = Field(
        default=None, description="Null: it becomes the default if you have no default program yet."
    )
    owner_organization_id: str | None = Field(
        default=None, description="Your organization or one below it; null: the organization of the key."
    )


class ProgramChange(Request):
    """Fields that are left out do not change.

    Commission, ladder, base and holdback are terms: changing one appends a version of the terms.
    """

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    name: Name = UNSENT
    commission: Commission = Field(
        default=UNSENT,
        description="Replaces the whole commission: a limit left out ends for partners activated from now on.",
        examples=[{"type": "percentage", "bps": 2500}],
    )
    currency: str = Field(default=UNSENT, max_length=10)
    status: ProgramStatus = Field(default=UNSENT, examples=["active"])
    landing_url: Url | None = None
    landing_hosts: Hosts = UNSENT
    multi_level_enabled: Flag = UNSENT
    multi_level: Ladder = UNSENT
    holdback_days: Days | None = None
    commission_base: CommissionBase = UNSENT
    platform_fee_bps: Bps = UNSENT
    minimum_payout_cents: Cents = Field(default=UNSENT, description="In the program's currency.")
    minimum_payouts: Minimums = Field(default=UNSENT)
    auto_approve: Flag = UNSENT
    open_signup: Flag = UNSENT
    conversion_kind: ConversionKind = UNSENT
    conversion_event_name: Signal | None = None
    conversion_entitlement_id: Signal | None = None
    attribution_model: AttributionModel = UNSENT
    attribution_window_days: WindowDays = UNSENT
    coupon_precedence: CouponPrecedence = UNSENT
    promotion_coupon: PromotionCoupon = None
    allow_self_referral: Flag = UNSENT
    include_out_of_band: Flag = UNSENT
    time_zone: Zone = UNSENT
    link_cookie: LinkCookie = UNSENT
    user_id_field: UserIdField = UNSENT
    is_default: Flag = UNSENT


def settings_from(body: ProgramCreation | ProgramChange) -> dict[str, Any]:
    """The fields that were sent, under the argument names of `create_program` and `change_program`."""
    sent = body.model_dump(include=body.model_fields_set - {"owner_organization_id"})
    if "commission" in sent:
        sent["commission"] = body.commission.model_dump(exclude_none=True)
    if "minimum_payout_cents" in sent:
        sent["minimum_payout_minor"] = sent.pop("minimum_payout_cents")
    return sent


class AffiliatePath(Request):
    """A partner of a program."""

    program_id: str
    affiliate_id: str = Field(description="`par_…` and `aff_…` are two forms of the same id.")


class AffiliateQuery(Request):
    """A page of the program's partners."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None
    status: AffiliateStatus | None = None


class Invitation(Request):
    """An invitation of an address, or of an existing organization."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com"}]})

    email: EmailAddress
    organization_id: str | None = Field(default=None, description="An organization that has its own keys.")
    name: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)] | None = Field(
        default=None, description="The person's or company's name; null: the partner gives it when it joins."
    )
    slug: Slug | None = Field(default=None, description="The code of its links; null: made from the name.")


class ApplicationRejection(Request):
    """Why an application is rejected."""

    reason: Annotated[
        str,
        Field(min_length=1, max_length=500, description="The partner can read it.", examples=["Your site is offline."]),
        OneLine(filled=True),
    ]


EPOCH: Final = date(1970, 1, 1)


class AnalyticsQuery(Request):
    """The days, and the number of leaders."""

    model_config = ConfigDict(populate_by_name=True)

    first: date | None = Field(
        default=None,
        ge=EPOCH,
        alias="from",
        description="A day in the program's time zone; null: thirty days up to `to`.",
    )
    last: date | None = Field(default=None, ge=EPOCH, alias="to", description="Included; null: today.")
    leaders: int = Field(default=10, ge=1, le=100, description="How many leaders, for each currency.")
