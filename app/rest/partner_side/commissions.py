"""A partner's own commissions, named by its own organization's key: the list, and why each is what it is."""

from flask import Response, g

from app.commissions import views
from app.commissions.partner_side import load_page
from app.explanations.partner_side import OwnExplanation, explain_own
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, answer, needs, surface
from app.organizations import access
from app.partners.partner_side.enrollments import require_access
from app.rest.ledger import requests

api = surface(PARTNER_SIDE, __name__, "What a partner sees of itself, named by its own organization's key.", "own")


@api.get(
    "/v1/admin/affiliate-me/commissions",
    security=needs("commissions:read"),
    responses={"200": views.CommissionPage},
)
def list_my_commissions(query: requests.CommissionQuery) -> Response:
    """Your commissions in all your programs, newest first. Nothing of the customers is shown."""
    with access.affiliate_transaction(g.caller) as session:
        return answer(load_page(session, g.caller, requests.selection(query, livemode=g.caller.livemode)))


@api.get(
    "/v1/admin/affiliate-me/commissions/<commission_id>/explanation",
    security=needs("commissions:read"),
    responses={"200": OwnExplanation, "404": ErrorBody},
)
def explain_own_commission(path: requests.CommissionPath) -> Response:
    """Why a commission of yours is what it is. Nothing of the customer is shown."""
    with access.affiliate_transaction(g.caller) as session:
        require_access(session, g.caller)
        return answer(explain_own(session, path.commission_id))
