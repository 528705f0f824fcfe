"""Attribution by people: promotions given to partners, payments and customers credited by hand."""

from datetime import UTC, datetime

from flask import Response, g

from app import db
from app.api.errors import ErrorBody
from app.api.surfaces import answer, needs, surface
from app.commissions import gifts
from app.commissions import promotion_shapes as shapes
from app.commissions.cases import Cause
from app.organizations import access
from app.partners import promotions
from app.partners.listing import get_partner
from app.partners.shapes import PartnerPath

api = surface("Attribution", __name__, "Whose a customer, a payment or a promotion is, as people decide.")


@api.get(
    "/api/v1/partners/<partner_id>/promotion-codes",
    security=needs("partners:read"),
    responses={"200": shapes.PromotionPage, "404": ErrorBody},
)
def list_promotions(path: PartnerPath) -> Response:
    """The promotion codes and coupons given to a partner, newest first."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        data = [shapes.promotion_body(one) for one in promotions.given_to(session, partner.id)]
    return answer(shapes.PromotionPage(data=data))


@api.post(
    "/api/v1/partners/<partner_id>/promotion-codes",
    security=needs("partners:write"),
    responses={"201": shapes.PromotionBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def give_promotion(path: PartnerPath, body: shapes.PromotionGift) -> Response:
    """Give a partner a promotion code or coupon; what was bought with it inside the window is credited at once."""
    promotion = shapes.promotion_named(body)
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        db.widen_to_worker(session)
        given = gifts.give(session, partner, promotion, _request())
        return answer(shapes.promotion_body(given), status=201)


@api.delete(
    "/api/v1/partners/<partner_id>/promotion-codes/<promotion_id>",
    security=needs("partners:write"),
    responses={"200": shapes.PromotionBody, "404": ErrorBody},
)
def take_promotion_away(path: shapes.PromotionPath) -> Response:
    """Take a promotion away; what was credited through it longer ago than the window stays as it is."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        db.widen_to_worker(session)
        given = gifts.take_away(session, partner, path.promotion_id, _request())
        return answer(shapes.promotion_body(given))


def _request() -> Cause:
    """This request, as what entries are put down to."""
    return Cause(f"request:{g.request_id}", datetime.now(UTC))
