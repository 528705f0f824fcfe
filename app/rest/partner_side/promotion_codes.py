"""Routes for a partner's promotion codes: choose a spelling once, and see what became of it."""

from flask import Response, g

from app import jobs
from app.attribution.promotions import request_views, requested, requesting
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.partners.partner_side import writing
from app.rest.ledger.attribution_requests import MyPromotionCode
from app.rest.partner_side import requests

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "my_promotion_codes")


@api.post(
    "/v1/admin/affiliate-me/promotion-codes",
    security=needs("partners:write"),
    responses={"202": request_views.PromotionRequestBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def choose_my_promotion_code(query: requests.MyEnrollmentQuery, body: MyPromotionCode) -> Response:
    """Choose your promotion code, once. It is made in Stripe; read the list to see when customers can use it."""
    with writing.own_transaction(g.caller, query.program_id) as (session, partner):
        row = requesting.request_own(session, g.caller, partner, body.code, livemode=g.caller.livemode)
        shown = request_views.request_body(row)
    jobs.wake(jobs.PROMOTION_CODES)
    return ViewResponse(shown, status=202)


@api.get(
    "/v1/admin/affiliate-me/promotion-codes",
    security=needs("partners:read"),
    responses={"200": request_views.PromotionRequestPage, "404": ErrorBody},
)
def list_my_promotion_codes(query: requests.MyPromotionCodesQuery) -> Response:
    """Promotion codes that were made for you, or are being made, newest first."""
    with access.affiliate_transaction(g.caller) as session:
        partner_id = writing.find_enrollment(session, g.caller, query.program_id).id if query.program_id else None
        page = requested.list_requests(
            session, partner_id, livemode=g.caller.livemode, limit=query.limit, starting_after=query.starting_after
        )
        data = [request_views.request_body(row) for row in page.rows]
    return ViewResponse(request_views.PromotionRequestPage(data=data, has_more=page.has_more))
