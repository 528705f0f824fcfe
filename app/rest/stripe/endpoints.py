"""An organization's Stripe endpoints: one for each Stripe account, mode and API version it listens to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, current_app, g

from app import ids
from app.config import Settings
from app.http.errors import ErrorBody
from app.http.surfaces import answer, needs, surface
from app.organizations import access, audit
from app.stripe_events import endpoint_views as shapes
from app.stripe_events import endpoints, signing
from app.stripe_events.models import StripeEndpoint
from app.stripe_sync import api_keys

api = surface("Stripe endpoints", __name__, "The webhook endpoints that receive Stripe's events.")


@api.get("/api/v1/stripe-endpoints", security=needs("endpoints:read"), responses={"200": shapes.EndpointList})
def list_endpoints(query: shapes.EndpointQuery) -> Response:
    """Endpoints, newest first, disabled ones too."""
    with access.transaction(g.caller) as session:
        found = endpoints.list_endpoints(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        return answer(shapes.EndpointList(data=[_body(endpoint) for endpoint in found]))


@api.post(
    "/api/v1/stripe-endpoints",
    security=needs("endpoints:write"),
    responses={"201": shapes.EndpointBody, "415": ErrorBody},
)
def create_endpoint(body: shapes.EndpointCreation) -> Response:
    """Make an endpoint; enter its `url` in Stripe, then add the secret that Stripe shows."""
    with access.transaction(g.caller) as session:
        made = endpoints.create(
            session,
            g.caller.organization_id,
            livemode=body.livemode,
            secrets=[body.secret] if body.secret is not None else [],
            settings=_settings(),
            description=body.description,
        )
        api_keys.keep(made, body.api_key, _settings())
        shown = _body(made)
        details = {"livemode": body.livemode}
        audit.record(session, g.caller, "endpoint.created", shown.id, details, organization_id=made.organization_id)
        return answer(shown, status=201)


@api.get(
    "/api/v1/stripe-endpoints/<endpoint_id>",
    security=needs("endpoints:read"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody},
)
def show_endpoint(path: shapes.EndpointPath) -> Response:
    """One endpoint."""
    with access.transaction(g.caller) as session:
        return answer(_body(endpoints.get_endpoint(session, g.caller.organization_ids, path.endpoint_id)))


@api.patch(
    "/api/v1/stripe-endpoints/<endpoint_id>",
    security=needs("endpoints:write"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody, "415": ErrorBody},
)
def change_endpoint(path: shapes.EndpointPath, body: shapes.EndpointChange) -> Response:
    """Change what is given. A disabled endpoint answers 404, and Stripe tries again for three days."""
    with _changing(path, "endpoint.updated", changed=sorted(body.model_fields_set)) as endpoint:
        if body.description is not None:
            endpoint.description = body.description
        if body.disabled is not None:
            endpoints.disable(endpoint, disabled=body.disabled)
        if "api_key" in body.model_fields_set:
            api_keys.keep(endpoint, body.api_key, _settings())
        return answer(_body(endpoint))


@api.delete(
    "/api/v1/stripe-endpoints/<endpoint_id>",
    security=needs("endpoints:write"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody},
)
def delete_endpoint(path: shapes.EndpointPath) -> Response:
    """Close an endpoint for good and forget its secrets; its events stay."""
    with _changing(path, "endpoint.deleted") as endpoint:
        endpoints.delete(endpoint, _settings())
        return answer(_body(endpoint))


@api.post(
    "/api/v1/stripe-endpoints/<endpoint_id>/secrets",
    security=needs("endpoints:write"),
    responses={"201": shapes.EndpointBody, "404": ErrorBody, "415": ErrorBody},
)
def add_secret(path: shapes.EndpointPath, body: shapes.SecretAddition) -> Response:
    """Add a signing secret; the present ones go on for `expires_in_hours`, so that no delivery is lost."""
    with _changing(path, "endpoint.secret_added", expires_in_hours=body.expires_in_hours) as endpoint:
        overlap = timedelta(hours=body.expires_in_hours)
        signing.add(endpoint, body.secret, _settings(), now=datetime.now(UTC), overlap=overlap)
        return answer(_body(endpoint), status=201)


@api.delete(
    "/api/v1/stripe-endpoints/<endpoint_id>/secrets/<secret_id>",
    security=needs("endpoints:write"),
    responses={"200": shapes.EndpointBody, "404": ErrorBody, "409": ErrorBody},
)
def remove_secret(path: shapes.SecretPath) -> Response:
    """Refuse from now on what this secret signs; the last one in force cannot be removed."""
    with _changing(path, "endpoint.secret_removed", secret_id=path.secret_id) as endpoint:
        secret_id = ids.decode(path.secret_id, ids.ENDPOINT_SECRET)
        signing.remove(endpoint, secret_id, _settings(), now=datetime.now(UTC))
        return answer(_body(endpoint))


@contextmanager
def _changing(path: shapes.EndpointPath, action: str, **details: Any) -> Iterator[StripeEndpoint]:
    """A transaction that holds the endpoint of `path` and notes in the end what was done to it."""
    with access.transaction(g.caller) as session:
        endpoint = endpoints.get_endpoint(session, g.caller.organization_ids, path.endpoint_id, to_change=True)
        yield endpoint
        owner = endpoint.organization_id
        audit.record(session, g.caller, action, path.endpoint_id, details, organization_id=owner)


def _body(endpoint: StripeEndpoint) -> shapes.EndpointBody:
    return shapes.endpoint_body(endpoint, _settings(), datetime.now(UTC))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["accrual_settings"]
    return settings
