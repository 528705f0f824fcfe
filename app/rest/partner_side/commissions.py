"""Routes for a partner's own commissions: the list, and the explanation of each."""

from flask import Response, g

from app.commissions import views
from app.explanations.earnings.own import OwnExplanation, explain_own
from app.http import csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.partners.partner_side.enrollments import require_access
from app.rest.ledger import requests
from app.rest.ledger.commissions import own_commissions

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "own")


@api.get(
    "/v1/admin/affiliate-me/commissions",
    security=needs("commissions:read"),
    responses={"200": views.CommissionPage},
    openapi_extensions=csv_lists.documented(views.CommissionBody),
)
def list_my_commissions(query: requests.CommissionQuery) -> Response:
    """Your commissions in all your programs, newest first. Without data of the customers."""
    return own_commissions(query, partner_id=None)


@api.get(
    "/v1/admin/affiliate-me/commissions/<commission_id>/explanation",
    security=needs("commissions:read"),
    responses={"200": OwnExplanation, "404": ErrorBody},
)
def explain_own_commission(path: requests.CommissionPath) -> Response:
    """The explanation of one of your commissions, without data of the customer."""
    with access.affiliate_transaction(g.caller) as session:
        require_access(session, g.caller)
        return ViewResponse(explain_own(session, path.commission_id))
