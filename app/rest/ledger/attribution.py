"""Routes for attribution by hand: promotions given to partners, payments and customers credited by hand."""

from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from app import jobs
from app.attribution.promotions import owners, request_views, requested, requesting
from app.commissions.by_hand import assign, effects, promotion_credit, views
from app.commissions.by_hand import promotion_views as shapes
from app.http import causes
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.queries.listing import get_partner
from app.payments.models import Payment
from app.payments.queries import get_payment, scope_of_customer
from app.payments.views import payment_body
from app.rest.ledger import attribution_requests as requests
from app.rest.ledger.requests import PaymentPath
from app.rest.partners.requests import PartnerPath

api = surface("Attribution", __name__, "Crediting customers, payments and promotions to partners by hand.")


@api.get(
    "/api/v1/partners/<partner_id>/promotion-codes",
    security=needs("partners:read"),
    responses={"200": shapes.PromotionPage, "404": ErrorBody},
)
def list_promotions(path: PartnerPath, query: requests.PromotionQuery) -> Response:
    """The promotion codes and coupons given to a partner, newest first."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        page = owners.given_to(
            session, partner.id, livemode=g.caller.livemode, limit=query.limit, starting_after=query.starting_after
        )
        data = [shapes.promotion_body(row) for row in page.rows]
    return ViewResponse(shapes.PromotionPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/partners/<partner_id>/promotion-codes",
    security=needs("partners:write"),
    responses={
        "201": shapes.PromotionBody,
        "202": request_views.PromotionRequestBody,
        "404": ErrorBody,
        "409": ErrorBody,
        "415": ErrorBody,
    },
)
def give_promotion(path: PartnerPath, body: requests.PromotionGift) -> Response:
    """Make a promotion code in Stripe for a partner (202), or give it an existing promotion (201).

    With an existing promotion, purchases inside the window are credited at once. A code that is made is listed under
    `promotion-code-requests` until Stripe has made it, and then here as well.
    """
    if not requests.is_existing(body):
        return _request_code(path, body)
    promotion = owners.promotion_named(body.model_dump(exclude={"existing"}))
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        owned = promotion_credit.give(
            session, g.caller, partner, promotion, causes.this_request(), livemode=g.caller.livemode
        )
        return ViewResponse(shapes.promotion_body(owned), status=201)


def _request_code(path: PartnerPath, body: requests.PromotionGift) -> Response:
    asked = requesting.NewCode(body.coupon, body.code, body.max_redemptions, body.expires_at)
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        row = requesting.request(session, g.caller, partner, asked, livemode=g.caller.livemode)
        shown = request_views.request_body(row)
    jobs.wake(jobs.PROMOTION_CODES)
    return ViewResponse(shown, status=202)


@api.get(
    "/api/v1/partners/<partner_id>/promotion-code-requests",
    security=needs("partners:read"),
    responses={"200": request_views.PromotionRequestPage, "404": ErrorBody},
)
def list_promotion_requests(path: PartnerPath, query: requests.PromotionQuery) -> Response:
    """The promotion codes that were requested in Stripe for a partner, newest first, with what became of them."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        page = requested.list_requests(
            session, partner.id, livemode=g.caller.livemode, limit=query.limit, starting_after=query.starting_after
        )
        data = [request_views.request_body(row) for row in page.rows]
    return ViewResponse(request_views.PromotionRequestPage(data=data, has_more=page.has_more))


@api.delete(
    "/api/v1/partners/<partner_id>/promotion-codes/<promotion_id>",
    security=needs("partners:write"),
    responses={"200": shapes.PromotionBody, "404": ErrorBody},
)
def take_promotion_away(path: requests.PromotionPath) -> Response:
    """Take a promotion from a partner; credit for its uses before the window stays."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        owned = promotion_credit.take_away(session, g.caller, partner, path.promotion_id, causes.this_request())
        return ViewResponse(shapes.promotion_body(owned))


@api.post(
    "/api/v1/payments/<payment_id>/attribution",
    security=needs("payments:write"),
    responses={"200": views.PaymentAssigned, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def attribute_payment(path: PaymentPath, body: requests.PaymentAssignment) -> Response:
    """Credit a payment to a partner, or to none; stronger than all evidence."""
    with access.transaction(g.caller) as session:
        payment = get_payment(session, g.caller.organization_ids, path.payment_id)
        assigned = _assign_payment(session, payment, body)
        session.refresh(payment)
        shown = payment_body(payment)
    return ViewResponse(views.PaymentAssigned(payment=shown, partner_id=body.partner_id, changed=assigned.is_new))


@api.post(
    "/api/v1/payments/<payment_id>/attribution/preview",
    security=needs("payments:write"),
    responses={"200": views.AttributionPreview, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def preview_payment(path: PaymentPath, body: requests.PaymentAssignment) -> Response:
    """What crediting the payment so would change; changes nothing."""
    with access.transaction(g.caller) as session:
        payment = get_payment(session, g.caller.organization_ids, path.payment_id)
        effect = effects.try_out(session, lambda: _assign_payment(session, payment, body), [payment.id])
    return ViewResponse(views.attribution_preview(effect))


@api.post(
    "/api/v1/customers/<customer_id>/attribution",
    security=needs("payments:write"),
    responses={"200": views.CustomerAssigned, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def attribute_customer(path: requests.CustomerPath, body: requests.CustomerAssignment) -> Response:
    """Credit everything that a customer paid and will pay to a partner, or to none; not limited by the window."""
    with access.transaction(g.caller) as session:
        assigned = _assign_customer(session, path.customer_id, body)
    return ViewResponse(views.customer_assigned(path.customer_id, body.partner_id, assigned))


@api.post(
    "/api/v1/customers/<customer_id>/attribution/preview",
    security=needs("payments:write"),
    responses={"200": views.AttributionPreview, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def preview_customer(path: requests.CustomerPath, body: requests.CustomerAssignment) -> Response:
    """What crediting the customer so would change; changes nothing."""
    with access.transaction(g.caller) as session:
        effect = effects.try_out(session, lambda: _assign_customer(session, path.customer_id, body))
    return ViewResponse(views.attribution_preview(effect))


def _assign_payment(session: Session, payment: Payment, body: requests.PaymentAssignment) -> assign.Assigned:
    order = _order(session, payment.organization_id, body)
    return assign.assign_payment(session, g.caller, payment, order, is_forced=body.force)


def _assign_customer(session: Session, customer_id: str, body: requests.CustomerAssignment) -> assign.Assigned:
    requests.demand_extent(body)
    scope = scope_of_customer(
        session,
        g.caller.organization_ids,
        customer_id,
        account=body.account,
        livemode=access.mode_of(g.caller, body.livemode),
    )
    order = _order(session, scope.organization_id, body)
    return assign.assign_customer(session, g.caller, scope, customer_id, order, applies_from=body.from_)


def _order(
    session: Session, owner: UUID, body: requests.PaymentAssignment | requests.CustomerAssignment
) -> assign.Order:
    """The decision in the body. Raises NotFound."""
    return assign.Order(
        partner_id=get_partner(session, [owner], body.partner_id).id if body.partner_id is not None else None,
        reason=body.reason.strip(),
        moves_paid=body.include_paid,
        cause=causes.this_request(),
    )
