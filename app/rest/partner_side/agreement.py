"""Routes for the partner agreement of a program, for its partners."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import PARTNER_SIDE, ViewResponse, needs, surface
from app.organizations import access
from app.partners.joining.applications import commands
from app.partners.joining.applications import views as shapes
from app.partners.partner_side.writing import find_enrollment, own_transaction
from app.rest.partner_side.requests import AgreementVersion
from app.rest.payouts.method_requests import OwnProgramQuery

api = surface(PARTNER_SIDE, __name__, "The data of the partner whose organization owns the key.", "own_agreement")


@api.get(
    "/v1/admin/affiliate-me/agreement",
    security=needs("partners:read"),
    responses={"200": shapes.OwnAgreement, "404": ErrorBody},
)
def show_own_agreement(query: OwnProgramQuery) -> Response:
    """The partner agreement in force, and the versions that you accepted."""
    with access.affiliate_transaction(g.caller) as session:
        partner = find_enrollment(session, g.caller, query.program_id)
        return ViewResponse(shapes.load_own(session, partner))


@api.post(
    "/v1/admin/affiliate-me/agreement/acceptance",
    security=needs("partners:write"),
    responses={"200": shapes.OwnAgreement, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def accept_own_agreement(query: OwnProgramQuery, body: AgreementVersion) -> Response:
    """Accept the version in force. Accepting it again changes nothing."""
    with own_transaction(g.caller, query.program_id) as (session, partner):
        commands.accept(session, g.caller, partner, body.version)
        return ViewResponse(shapes.load_own(session, partner))
