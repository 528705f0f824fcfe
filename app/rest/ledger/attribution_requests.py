"""What may be asked about crediting by hand and promotions: paths, queries and bodies."""

from typing import Annotated

from pydantic import Field

from app.attribution.names import fold
from app.errors import InvalidRequest
from app.paging import After
from app.views import Moment, OneLine, Request

PartnerId = Annotated[str | None, Field(description="`par_…` or `aff_…`; null: no partner.")]


Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why; kept for ever."), OneLine(filled=True)]


IncludePaid = Annotated[
    bool, Field(description="Also what has been paid or is in a payout; its former partner then owes it.")
]


class PaymentAssignment(Request):
    """Whose a payment is to be."""

    partner_id: PartnerId
    reason: Reason
    force: bool = Field(default=False, description="Although it may be the money of an invoice near by.")
    include_paid: IncludePaid = False


class CustomerAssignment(Request):
    """Whose a customer is to be: from a time on, or for all that is unpaid."""

    partner_id: PartnerId
    reason: Reason
    from_: Moment | None = Field(default=None, alias="from", description="Payments from then on.")
    all_unpaid: bool = Field(default=False, description="All payments, past and to come.", examples=[True])
    include_paid: IncludePaid = False
    account: str | None = Field(default=None, description="A connected account; needed if the id exists in several.")
    livemode: bool | None = Field(default=None, description="The mode; needed if the id exists in both.")


class CustomerPath(Request):
    """Which customer."""

    customer_id: str = Field(description="Stripe's id, `cus_…`.")


def demand_extent(body: CustomerAssignment) -> None:
    """Refuse a body that names no extent, or two. Raises InvalidRequest."""
    if (body.from_ is not None) == body.all_unpaid:
        raise InvalidRequest("send exactly one of from (a time) and all_unpaid: true", param="from")


MOST_CHARACTERS = 255


class PromotionGift(Request):
    """What becomes the partner's: exactly one of these."""

    promotion_code: str | None = Field(
        default=None, min_length=1, max_length=MOST_CHARACTERS, description="Stripe's id, `promo_…`."
    )
    coupon: str | None = Field(
        default=None, min_length=1, max_length=MOST_CHARACTERS, description="Stripe's id of a coupon; case matters."
    )
    code: str | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_CHARACTERS,
        examples=["ADA20"],
        description="What customers type. It takes `promotion_code.created`, or is never recognized.",
    )


class PromotionPath(Request):
    """Which promotion of which partner."""

    partner_id: str
    promotion_id: str = Field(description="`prm_…`, as listed.")


class PromotionQuery(Request):
    """Which page."""

    limit: int = Field(default=50, ge=1, le=100)
    starting_after: After = None


def promotion_named(body: PromotionGift) -> str:
    """The promotion the body names, `coupon:SPRING`. Raises InvalidRequest unless it names one."""
    given = {name: value for name, value in body.model_dump().items() if value is not None}
    if len(given) != 1:
        raise InvalidRequest("send exactly one of promotion_code, coupon and code", param="promotion_code")
    kind, value = next(iter(given.items()))
    value = fold(value) if kind == "code" else value.strip().replace("\0", "")
    if not value:
        raise InvalidRequest(f"{kind} is empty; send the promotion's id or code", param=kind)
    return f"{kind}:{value}"
