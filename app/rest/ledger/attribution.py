"""Attribution by people: promotions given to partners, payments and customers credited by hand."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids
from app.attribution.promotions import owners
from app.commissions.by_hand import assign, promotion_credit, views
from app.commissions.by_hand import promotion_views as shapes
from app.commissions.settling.settlement import Cause
from app.commissions.views import PaymentPath
from app.http.errors import ErrorBody
from app.http.surfaces import answer, needs, surface
from app.organizations import access, audit
from app.partners.finding.listing import get_partner
from app.partners.models import Partner
from app.partners.views import PartnerPath
from app.payments.listing import get_payment, scope_of_customer
from app.payments.views import payment_body

api = surface("Attribution", __name__, "Crediting customers, payments and promotions to partners by hand.")


@api.get(
    "/api/v1/partners/<partner_id>/promotion-codes",
    security=needs("partners:read"),
    responses={"200": shapes.PromotionPage, "404": ErrorBody},
)
def list_promotions(path: PartnerPath, query: shapes.PromotionQuery) -> Response:
    """The promotion codes and coupons given to a partner, newest first."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        given = owners.given_to(session, partner.id, limit=query.limit, starting_after=query.starting_after)
        data = [shapes.promotion_body(one) for one in given]
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
        shown = shapes.promotion_body(promotion_credit.give(session, partner, promotion, _request()))
        _note_promotion(session, "promotion.given", shown, partner)
        return answer(shown, status=201)


@api.delete(
    "/api/v1/partners/<partner_id>/promotion-codes/<promotion_id>",
    security=needs("partners:write"),
    responses={"200": shapes.PromotionBody, "404": ErrorBody},
)
def take_promotion_away(path: shapes.PromotionPath) -> Response:
    """Take a promotion away; what was credited through it longer ago than the window stays as it is."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        shown = shapes.promotion_body(promotion_credit.take_away(session, partner, path.promotion_id, _request()))
        _note_promotion(session, "promotion.taken_away", shown, partner)
        return answer(shown)


@api.post(
    "/api/v1/payments/<payment_id>/attribution",
    security=needs("payments:write"),
    responses={"200": views.PaymentAssigned, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def attribute_payment(path: PaymentPath, body: views.PaymentAssignment) -> Response:
    """Say whose one payment is; no later evidence says otherwise."""
    with access.transaction(g.caller) as session:
        payment = get_payment(session, g.caller.organization_ids, path.payment_id)
        order = _order(session, payment.organization_id, body)
        assigned = assign.assign_payment(session, payment.id, order, is_forced=body.force)
        if assigned.is_new:
            _note_order(session, "payment.attributed", path.payment_id, order, payment.organization_id)
        session.refresh(payment)
        shown = payment_body(payment)
    return answer(views.PaymentAssigned(payment=shown, partner_id=body.partner_id, changed=assigned.is_new))


@api.post(
    "/api/v1/customers/<customer_id>/attribution",
    security=needs("payments:write"),
    responses={"200": views.CustomerAssigned, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def attribute_customer(path: views.CustomerPath, body: views.CustomerAssignment) -> Response:
    """Say whose a customer is, further back than any window if need be, and for what it will pay."""
    views.demand_extent(body)
    with access.transaction(g.caller) as session:
        scope = scope_of_customer(
            session, g.caller.organization_ids, path.customer_id, account=body.account, livemode=body.livemode
        )
        order = _order(session, scope.organization_id, body)
        assigned = assign.assign_customer(session, scope, path.customer_id, order, applies_from=body.from_)
        if assigned.is_new:
            _note_order(session, "customer.attributed", path.customer_id, order, scope.organization_id)
    return answer(views.customer_assigned(path.customer_id, body.partner_id, assigned))


def _order(session: Session, owner: UUID, body: views.PaymentAssignment | views.CustomerAssignment) -> assign.Order:
    """What the body asks for. Raises NotFound."""
    return assign.Order(
        partner_id=get_partner(session, [owner], body.partner_id).id if body.partner_id is not None else None,
        reason=body.reason.strip(),
        by=ids.encode(ids.API_KEY, g.caller.key_id),
        moves_paid=body.include_paid,
        cause=_request(),
    )


def _note_order(session: Session, action: str, subject_id: str, order: assign.Order, owner: UUID) -> None:
    partner_id = ids.encode(ids.PARTNER, order.partner_id) if order.partner_id is not None else None
    details = {"partner_id": partner_id, "include_paid": order.moves_paid}
    audit.add_entry(session, g.caller, action, subject_id, details, organization_id=owner)


def _note_promotion(session: Session, action: str, promotion: shapes.PromotionBody, partner: Partner) -> None:
    details = promotion.model_dump(include={"partner_id", "promotion_code", "coupon", "code"}, exclude_none=True)
    audit.add_entry(session, g.caller, action, promotion.id, details, organization_id=partner.organization_id)


def _request() -> Cause:
    """This request, as what entries are put down to."""
    return Cause(f"request:{g.request_id}", datetime.now(UTC))
