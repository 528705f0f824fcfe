"""Views of promotion codes that are made in Stripe for partners, in snake_case."""

from typing import Literal

from pydantic import Field

from app import ids
from app.attribution.promotions.models import PromotionCodeRequest
from app.paging import HasMore
from app.sentences import problems
from app.views import Instant, Snake


class PromotionRequestBody(Snake):
    """A promotion code that is made in Stripe for a partner."""

    id: str = Field(examples=["pco_01h455vb4pex5vsknk084sn02q"])
    partner_id: str
    coupon: str = Field(examples=["SPRING"], description="Stripe's id of the coupon it is for.")
    code: str | None = Field(examples=["ADA20"], description="What customers type; null until Stripe has chosen it.")
    max_redemptions: int | None
    expires_at: Instant | None
    status: Literal["pending", "created", "failed"] = Field(
        description="`pending`: Stripe is being asked. `created`: customers can type it, and it is the partner's. "
        "`failed`: Stripe refused it; `reason` says why."
    )
    promotion_code: str | None = Field(examples=["promo_1Pg"], description="Stripe's id, once it is created.")
    reason: str | None = Field(description="Why the last attempt failed, as a sentence.")
    created_at: Instant


class PromotionRequestPage(Snake):
    """A page of a partner's promotion codes that are or were made in Stripe."""

    data: list[PromotionRequestBody]
    has_more: HasMore


def request_body(row: PromotionCodeRequest) -> PromotionRequestBody:
    """The request and what became of it."""
    is_made = row.promotion_code is not None
    return PromotionRequestBody(
        id=ids.encode(ids.PROMOTION_REQUEST, row.id),
        partner_id=ids.encode(ids.PARTNER, row.partner_id),
        coupon=row.coupon,
        code=row.code,
        max_redemptions=row.max_redemptions,
        expires_at=row.expires_at,
        status="created" if is_made else "failed" if row.failed_at is not None else "pending",
        promotion_code=row.promotion_code,
        reason=problems.sentence(row.problem),
        created_at=row.created_at,
    )
