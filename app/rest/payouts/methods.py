"""Routes for an owner: how a partner is paid."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.queries import listing
from app.payouts.partner_methods import commands
from app.payouts.partner_methods import views as shapes
from app.rest.partners.requests import PartnerPath
from app.rest.payouts.method_requests import MethodChoice

api = surface("Payout methods", __name__, "How partners are paid. Destinations are stored encrypted and shown masked.")


@api.get(
    "/api/v1/partners/<partner_id>/payout-method",
    security=needs("payouts:read"),
    responses={"200": shapes.PayoutMethodBody, "404": ErrorBody},
)
def show_payout_method(path: PartnerPath) -> Response:
    """How a partner is paid, why it cannot be paid now, and what its next payout has."""
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id)
        return ViewResponse(shapes.load_body(session, partner, livemode=g.caller.livemode))


@api.put(
    "/api/v1/partners/<partner_id>/payout-method",
    security=needs("partners:write"),
    responses={"200": shapes.PayoutMethodBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def set_payout_method(path: PartnerPath, body: MethodChoice) -> Response:
    """Set how a partner is paid from now on. Payouts that are reserved keep their destination."""
    with access.transaction(g.caller) as session:
        partner = listing.get_partner(session, g.caller.organization_ids, path.partner_id, to_change=True)
        commands.choose(session, g.caller, partner, body.method, body.destination)
        return ViewResponse(shapes.load_body(session, partner, livemode=g.caller.livemode))
