"""Routes for a partner's own payout method. They write as the partner and read as the owner of that enrollment."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.partners.partner_side.writing import find_as_owner, own_transaction
from app.payouts.partner_methods import commands
from app.payouts.partner_methods import views as shapes
from app.rest.payouts.method_requests import AvailableQuery, MethodChoice, OwnProgramQuery

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "own_payout_methods")


@api.get(
    "/v1/admin/affiliate-me/payout-methods",
    security=needs("payouts:read"),
    responses={"200": shapes.AvailableMethods, "404": ErrorBody},
)
def list_available_payout_methods(query: AvailableQuery) -> Response:
    """The methods that can pay you, and why the others cannot."""
    with access.affiliate_transaction(g.caller) as session:
        partner = find_as_owner(session, g.caller, query.program_id)
        shown = shapes.load_available(
            session, partner, country=query.country, currency=query.currency, livemode=g.caller.livemode
        )
        return ViewResponse(shown)


@api.get(
    "/v1/admin/affiliate-me/payout-method",
    security=needs("payouts:read"),
    responses={"200": shapes.PayoutMethodBody, "404": ErrorBody},
)
def show_own_payout_method(query: OwnProgramQuery) -> Response:
    """How you are paid in a program, why you cannot be paid now, and what your next payout has."""
    with access.affiliate_transaction(g.caller) as session:
        partner = find_as_owner(session, g.caller, query.program_id)
        return ViewResponse(shapes.load_body(session, partner, livemode=g.caller.livemode))


@api.put(
    "/v1/admin/affiliate-me/payout-method",
    security=needs("partners:write"),
    responses={"200": shapes.PayoutMethodBody, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def set_own_payout_method(query: OwnProgramQuery, body: MethodChoice) -> Response:
    """Set how you are paid in a program from now on. Payouts that are reserved keep their destination."""
    with own_transaction(g.caller, query.program_id) as (session, partner):
        commands.choose_own(session, g.caller, partner, body.method, body.destination)
        return ViewResponse(shapes.load_body(session, partner, livemode=g.caller.livemode))
