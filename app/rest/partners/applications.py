"""The route for a partner's application, for the program's owner."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.partners.joining.applications import views as shapes
from app.partners.queries.listing import get_partner
from app.rest.partners.requests import PartnerPath

api = surface(
    "Applications", __name__, "What people are asked who apply, and what partners agree to.", "partner_applications"
)


@api.get(
    "/api/v1/partners/<partner_id>/application",
    security=needs("partners:read"),
    responses={"200": shapes.ApplicationBody, "404": ErrorBody},
)
def show_application(path: PartnerPath) -> Response:
    """What the partner answered when it applied, and which versions of the partner agreement it accepted."""
    with access.transaction(g.caller) as session:
        partner = get_partner(session, g.caller.organization_ids, path.partner_id)
        return ViewResponse(shapes.load_application(session, partner))
