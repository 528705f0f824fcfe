"""Routes for an owner's payout settings."""

from flask import Response, g

from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.payouts.owner_settings import commands
from app.payouts.owner_settings import views as shapes
from app.rest.payouts.method_requests import SettingsChange

api = surface("Payout settings", __name__, "The account that you pay bank transfers from, and what Wise takes.")


@api.get("/api/v1/payout-settings", security=needs("payouts:read"), responses={"200": shapes.OwnerSettingsBody})
def show_payout_settings() -> Response:
    """Your payout settings, and which methods they make possible."""
    with access.transaction(g.caller) as session:
        return ViewResponse(shapes.load_body(session, g.caller.organization_id, livemode=g.caller.livemode))


@api.put(
    "/api/v1/payout-settings",
    security=needs("payout_settings:write"),
    responses={"200": shapes.OwnerSettingsBody, "415": ErrorBody},
)
def change_payout_settings(body: SettingsChange) -> Response:
    """Change the given settings. Files that were made keep what they have."""
    changes = {name: value for name, value in body.model_dump().items() if name in body.model_fields_set}
    with access.transaction(g.caller) as session:
        commands.change(session, g.caller, g.caller.organization_id, changes, configured.settings())
        return ViewResponse(shapes.load_body(session, g.caller.organization_id, livemode=g.caller.livemode))
