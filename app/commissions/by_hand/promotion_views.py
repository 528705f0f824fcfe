"""A partner's promotion codes as their surface shows them."""

from pydantic import Field

from app import ids
from app.attribution.models import PartnerPromotion
from app.attribution.names import fold
from app.errors import InvalidRequest
from app.paging import After
from app.views import Instant, Request, Snake

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


class PromotionBody(Snake):
    """A promotion that is the partner's."""

    id: str = Field(examples=["prm_01h455vb4pex5vsknk084sn02q"])
    partner_id: str
    promotion_code: str | None
    coupon: str | None
    code: str | None
    created_at: Instant
    removed_at: Instant | None


class PromotionPage(Snake):
    """A page of a partner's promotions."""

    data: list[PromotionBody]


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


def promotion_body(given: PartnerPromotion) -> PromotionBody:
    """The row as an answer."""
    kind, _, value = given.promotion.partition(":")
    fields = dict.fromkeys(("promotion_code", "coupon", "code")) | {kind: value}
    return PromotionBody(
        id=ids.encode(ids.PROMOTION, given.id),
        partner_id=ids.encode(ids.PARTNER, given.partner_id),
        created_at=given.created_at,
        removed_at=given.removed_at,
        **fields,
    )
