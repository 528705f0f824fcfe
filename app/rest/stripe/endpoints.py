"""Routes for webhook endpoints: one for each Stripe account, mode and API version."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.rest.stripe import requests
from app.stripe_events.endpoints import commands, rows
from app.stripe_events.endpoints import views as shapes
from app.stripe_events.models import StripeEndpoint

api = surface("Stripe endpoints", __name__, "The webhook endpoints that receive Stripe's events.")


@api.get("/api/v1/stripe-endpoints", security=needs("endpoints:read"), responses={"200": shapes.EndpointPage})
def list_endpoints(query: requests.EndpointQuery) -> Response:
    """Endpoints, newest first, disabled ones too."""
    with access.transaction(g.caller) as session:
        page = rows.list_endpoints(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        data = [commands.shown(row, configured.settings()) for row in page.rows]
        return ViewResponse(shapes.EndpointPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/stripe-endpoints",
    security=needs("endpoints:write"),
    responses={"201": shapes.EndpointBody, "415": ErrorBody},
)
def create_endpoint(body: requests.EndpointCreation) -> Response:
    """Make an endpoint; enter its `url` in Stripe, then add the secret that Stripe shows."""
    livemode = access.mode_of(g.caller, body.livemode)
    with access.transaction(g.caller) as session:
        shown = commands.create(
            session,
            g.caller,
            g.caller.organization_id,
            configured.settings(),
            livemode=livemode,
            secret=body.secret,
            api_key=body.api_key,
            description=body.description,
        )
        return ViewResponse(shown, status=201)


@api.get(
    "/api/v1/stripe-endpoints/<endpoint_id>",
    security=needs("endpoints:read"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody},
)
def show_endpoint(path: requests.EndpointPath) -> Response:
    """One endpoint."""
    with access.transaction(g.caller) as session:
        endpoint = rows.get_endpoint(session, g.caller.organization_ids, path.endpoint_id)
        return ViewResponse(commands.shown(endpoint, configured.settings()))


@api.patch(
    "/api/v1/stripe-endpoints/<endpoint_id>",
    security=needs("endpoints:write"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody, "415": ErrorBody},
)
def change_endpoint(path: requests.EndpointPath, body: requests.EndpointChange) -> Response:
    """Change the given fields. A disabled endpoint answers 404, and Stripe delivers again for three days."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.change(session, g.caller, _locked(session, path), changes, configured.settings()))


@api.delete(
    "/api/v1/stripe-endpoints/<endpoint_id>",
    security=needs("endpoints:write"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody},
)
def delete_endpoint(path: requests.EndpointPath) -> Response:
    """Disable an endpoint permanently and delete its secrets; its events stay."""
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.delete(session, g.caller, _locked(session, path), configured.settings()))


@api.post(
    "/api/v1/stripe-endpoints/<endpoint_id>/secrets",
    security=needs("endpoints:write"),
    responses={"201": shapes.EndpointBody, "404": ErrorBody, "415": ErrorBody},
)
def add_secret(path: requests.EndpointPath, body: requests.SecretAddition) -> Response:
    """Add a signing secret; the former ones stay valid for `expires_in_hours`, so that no delivery is lost."""
    with access.transaction(g.caller) as session:
        shown = commands.add_secret(
            session,
            g.caller,
            _locked(session, path),
            body.secret,
            configured.settings(),
            expires_in_hours=body.expires_in_hours,
        )
        return ViewResponse(shown, status=201)


@api.delete(
    "/api/v1/stripe-endpoints/<endpoint_id>/secrets/<secret_id>",
    security=needs("endpoints:write"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody, "409": ErrorBody},
)
def remove_secret(path: requests.SecretPath) -> Response:
    """Remove a signing secret: its signatures are refused from now on. The last secret in force cannot be removed."""
    with access.transaction(g.caller) as session:
        return ViewResponse(
            commands.remove_secret(session, g.caller, _locked(session, path), path.secret_id, configured.settings())
        )


def _locked(session: Session, path: requests.EndpointPath) -> StripeEndpoint:
    return rows.get_endpoint(session, g.caller.organization_ids, path.endpoint_id, to_change=True)
