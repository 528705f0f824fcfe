"""Views of a partner's promotion codes, in snake_case."""

from pydantic import Field

from app import ids
from app.attribution.models import PartnerPromotion
from app.paging import HasMore
from app.views import Instant, Snake


class PromotionBody(Snake):
    """A promotion that belongs to the partner."""

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
    has_more: HasMore


def promotion_body(owned: PartnerPromotion) -> PromotionBody:
    """The view of the row."""
    kind, _, value = owned.promotion.partition(":")
    fields = dict.fromkeys(("promotion_code", "coupon", "code")) | {kind: value}
    return PromotionBody(
        id=ids.encode(ids.PROMOTION, owned.id),
        partner_id=ids.encode(ids.PARTNER, owned.partner_id),
        created_at=owned.created_at,
        removed_at=owned.removed_at,
        **fields,
    )
