"""Request models for crediting by hand and promotions: paths, queries and bodies."""

from typing import Annotated

from pydantic import Field

from app.attribution.promotions.requesting import SPELLING
from app.errors import InvalidRequest
from app.paging import After
from app.views import Moment, OneLine, Request

PartnerId = Annotated[str | None, Field(description="`par_…` or `aff_…`; null: no partner.")]


Reason = Annotated[
    str,
    Field(min_length=1, max_length=500, description="The reason, which is stored permanently."),
    OneLine(filled=True),
]


IncludePaid = Annotated[
    bool,
    Field(description="Whether commissions that are paid or in a payout move too; the former partner then owes them."),
]


class PaymentAssignment(Request):
    """The partner to credit with a payment."""

    partner_id: PartnerId
    reason: Reason
    force: bool = Field(default=False, description="Credit it even if an invoice within a day may be the same money.")
    include_paid: IncludePaid = False


class CustomerAssignment(Request):
    """The partner to credit with a customer's payments: from a time on, or all unpaid ones."""

    partner_id: PartnerId
    reason: Reason
    from_: Moment | None = Field(default=None, alias="from", description="Payments from this time on.")
    all_unpaid: bool = Field(
        default=False, description="All payments whose commission is unpaid, and all future ones.", examples=[True]
    )
    include_paid: IncludePaid = False
    account: str | None = Field(default=None, description="A connected account; needed if the id exists in several.")
    livemode: bool | None = Field(default=None, description="The mode; needed if the id exists in both.")


class CustomerPath(Request):
    """Which customer."""

    customer_id: str = Field(description="Stripe's id, `cus_…`.")


def demand_extent(body: CustomerAssignment) -> None:
    """Refuse a body with neither or both of `from` and `all_unpaid`. Raises InvalidRequest."""
    if (body.from_ is not None) == body.all_unpaid:
        raise InvalidRequest("send exactly one of from (a time) and all_unpaid: true", param="from")


MOST_CHARACTERS = 255


class PromotionGift(Request):
    """A promotion code to make in Stripe for the partner, or a promotion of Stripe's to give to it."""

    promotion_code: str | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="Stripe's id of an existing promotion code, `promo_…`; send it alone.",
    )
    coupon: str | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="Stripe's id of the coupon, in which case matters; null: the program's `promotion_coupon`.",
    )
    code: str | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_CHARACTERS,
        examples=["ADA20"],
        description="What customers type; null: Stripe chooses it.",
    )
    max_redemptions: int | None = Field(
        default=None, ge=1, le=1_000_000_000, description="How often it can be used in all."
    )
    expires_at: Moment | None = Field(default=None, description="When it ends.")
    existing: bool = Field(
        default=False,
        description="True: give the partner the coupon or the code that Stripe has already, instead of making one. "
        "Send one of `coupon` and `code`.",
    )


class PromotionPath(Request):
    """The partner and the promotion."""

    partner_id: str
    promotion_id: str = Field(description="`prm_…`, as listed.")


class PromotionQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


class MyPromotionCode(Request):
    """Your own spelling, which you can choose once."""

    code: str = Field(pattern=SPELLING, examples=["ADA20"], description="What customers type.")


def is_existing(body: PromotionGift) -> bool:
    """Whether the body names a promotion that Stripe has already."""
    return body.existing or body.promotion_code is not None
