"""Routes for outbound webhooks: endpoints, and deliveries of messages to them."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.outbound import commands, views
from app.outbox import deliveries, endpoints
from app.outbox.deliveries import DeliveryFilter
from app.outbox.models import OutboundEndpoint
from app.rest.outbound import requests

api = surface("Webhooks", __name__, "Your endpoints, which are sent what happens here, and each delivery.")


@api.get("/api/v1/webhook-endpoints", security=needs("webhooks:read"), responses={"200": views.WebhookEndpointPage})
def list_webhook_endpoints(query: requests.WebhookEndpointQuery) -> Response:
    """Endpoints, newest first, disabled ones too."""
    with access.transaction(g.caller) as session:
        page = endpoints.list_endpoints(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        data = [commands.shown(row) for row in page.rows]
        return ViewResponse(views.WebhookEndpointPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/webhook-endpoints",
    security=needs("webhooks:write"),
    responses={"201": views.WebhookEndpointWithSecret, "409": ErrorBody, "415": ErrorBody},
)
def create_webhook_endpoint(body: requests.WebhookEndpointCreation) -> Response:
    """Make an endpoint. Its signing secret is in this answer only."""
    livemode = access.mode_of(g.caller, body.livemode)
    with access.transaction(g.caller) as session:
        shown = commands.create(
            session,
            g.caller,
            g.caller.organization_id,
            configured.settings(),
            livemode=livemode,
            asked=commands.NewEndpoint(body.url, body.events, body.description, body.include_backfill),
        )
        return ViewResponse(shown, status=201)


@api.get(
    "/api/v1/webhook-endpoints/<webhook_endpoint_id>",
    security=needs("webhooks:read"),
    responses={"200": views.WebhookEndpointBody, "404": ErrorBody},
)
def show_webhook_endpoint(path: requests.WebhookEndpointPath) -> Response:
    """One endpoint."""
    with access.transaction(g.caller) as session:
        endpoint = endpoints.get_endpoint(session, g.caller.organization_ids, path.webhook_endpoint_id)
        return ViewResponse(commands.shown(endpoint))


@api.patch(
    "/api/v1/webhook-endpoints/<webhook_endpoint_id>",
    security=needs("webhooks:write"),
    responses={"200": views.WebhookEndpointBody, "404": ErrorBody, "415": ErrorBody},
)
def change_webhook_endpoint(path: requests.WebhookEndpointPath, body: requests.WebhookEndpointChange) -> Response:
    """Change the given fields. A disabled endpoint gets nothing; once it is enabled, what waited for it is sent."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.change(session, g.caller, _locked(session, path), changes, configured.settings()))


@api.delete(
    "/api/v1/webhook-endpoints/<webhook_endpoint_id>",
    security=needs("webhooks:write"),
    responses={"200": views.WebhookEndpointBody, "404": ErrorBody},
)
def delete_webhook_endpoint(path: requests.WebhookEndpointPath) -> Response:
    """Delete an endpoint with its secrets. What waits for it is given up; its deliveries stay listed."""
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.delete(session, g.caller, _locked(session, path)))


@api.post(
    "/api/v1/webhook-endpoints/<webhook_endpoint_id>/rotate-secret",
    security=needs("webhooks:write"),
    responses={"200": views.WebhookEndpointWithSecret, "404": ErrorBody},
)
def rotate_webhook_secret(path: requests.WebhookEndpointPath) -> Response:
    """Get a new signing secret, shown once. For 24 hours messages are signed with the former one too."""
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.rotate_secret(session, g.caller, _locked(session, path), configured.settings()))


@api.post(
    "/api/v1/webhook-endpoints/<webhook_endpoint_id>/test",
    security=needs("webhooks:write"),
    responses={"201": views.WebhookDeliveryBody, "404": ErrorBody, "409": ErrorBody},
)
def test_webhook_endpoint(path: requests.WebhookEndpointPath) -> Response:
    """Send a message of type `webhook.test` to this endpoint; read the delivery to see its answer."""
    with access.transaction(g.caller) as session:
        return ViewResponse(commands.send_test(session, g.caller, _locked(session, path)), status=201)


@api.get("/api/v1/webhook-deliveries", security=needs("webhooks:read"), responses={"200": views.WebhookDeliveryPage})
def list_webhook_deliveries(query: requests.WebhookDeliveryQuery) -> Response:
    """Deliveries, newest first, to partners' postback URLs too."""
    filters = DeliveryFilter(g.caller.livemode, deliveries.endpoint_id_of(query.endpoint_id), query.status, query.type)
    with access.transaction(g.caller) as session:
        page = deliveries.list_deliveries(
            session, g.caller.organization_ids, filters, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.delivery_body(row) for row in page.rows]
        return ViewResponse(views.WebhookDeliveryPage(data=data, has_more=page.has_more))


@api.get(
    "/api/v1/webhook-deliveries/<delivery_id>",
    security=needs("webhooks:read"),
    responses={"200": views.WebhookDeliveryDetails, "404": ErrorBody},
)
def show_webhook_delivery(path: requests.WebhookDeliveryPath) -> Response:
    """One delivery: what was sent, and every attempt with its answer."""
    with access.transaction(g.caller) as session:
        row = deliveries.get_delivery(session, g.caller.organization_ids, path.delivery_id)
        return ViewResponse(commands.load_details(session, row))


@api.post(
    "/api/v1/webhook-deliveries/<delivery_id>/resend",
    security=needs("webhooks:write"),
    responses={"200": views.WebhookDeliveryBody, "404": ErrorBody, "409": ErrorBody},
)
def resend_webhook_delivery(path: requests.WebhookDeliveryPath) -> Response:
    """Send a message again, with the same id; if it fails, it is tried again as a new one."""
    with access.transaction(g.caller) as session:
        row = deliveries.get_delivery(session, g.caller.organization_ids, path.delivery_id, to_change=True)
        return ViewResponse(commands.resend(session, g.caller, row))


def _locked(session: Session, path: requests.WebhookEndpointPath) -> OutboundEndpoint:
    return endpoints.get_endpoint(session, g.caller.organization_ids, path.webhook_endpoint_id, to_change=True)
