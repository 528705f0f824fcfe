"""Route for a partner's account at Stripe, as its program's owner sees it."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.queries.listing import get_partner
from app.payouts.connect import accounts, views
from app.rest.partners.requests import PartnerPath

api = surface("Partners", __name__, "Partners: an affiliate's enrollments in programs.", "partner_payout_accounts")


@api.get(
    "/api/v1/partners/<partner_id>/payout-account",
    security=needs("payouts:read"),
    responses={"200": views.PayoutAccount, "404": ErrorBody},
)
def show_payout_account(path: PartnerPath) -> Response:
    """The partner's account at Stripe: whether it can receive, and what Stripe requires of the partner."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        owner, own = partner.organization_id, partner.partner_organization_id
        row = accounts.find(session, owner, own, livemode=g.caller.livemode)
        return ViewResponse(views.payout_account(partner, row))
