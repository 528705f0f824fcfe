"""Routes for client keys, with which apps call for their users."""

from flask import Response, g
from sqlalchemy.orm import Session

from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.referrals import client_keys, views
from app.referrals.models import ClientKey
from app.rest.referrals import requests

api = surface("Client keys", __name__, "Keys with which your apps call for their users, under `/client`.")


@api.get("/api/v1/client-keys", security=needs("keys:read"), responses={"200": views.ClientKeyPage})
def list_client_keys(query: requests.ListQuery) -> Response:
    """Client keys, newest first, revoked ones too."""
    with access.transaction(g.caller) as session:
        page = client_keys.list_keys(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.client_key_body(key) for key in page.rows]
        return ViewResponse(views.ClientKeyPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/client-keys",
    security=needs("keys:write"),
    responses={"201": views.NewClientKeyBody, "409": ErrorBody, "415": ErrorBody},
)
def create_client_key(body: requests.ClientKeyCreation) -> Response:
    """Create a client key. Its secret, which signs session tokens, is in this answer only."""
    livemode = access.mode_of(g.caller, body.livemode)
    with access.transaction(g.caller) as session:
        key, secret = client_keys.create(
            session,
            g.caller,
            g.caller.organization_id,
            configured.settings(),
            livemode=livemode,
            name=body.name.strip(),
            claims=body.claims,
        )
        return ViewResponse(views.new_client_key_body(key, secret), status=201)


@api.get(
    "/api/v1/client-keys/<client_key_id>",
    security=needs("keys:read"),
    responses={"200": views.ClientKeyBody, "404": ErrorBody},
)
def show_client_key(path: requests.ClientKeyPath) -> Response:
    """A client key, without its secret."""
    with access.transaction(g.caller) as session:
        key = client_keys.get_key(session, g.caller.organization_ids, path.client_key_id)
        return ViewResponse(views.client_key_body(key))


@api.patch(
    "/api/v1/client-keys/<client_key_id>",
    security=needs("keys:write"),
    responses={"200": views.ClientKeyBody, "404": ErrorBody, "415": ErrorBody},
)
def change_client_key(path: requests.ClientKeyPath, body: requests.ClientKeyChange) -> Response:
    """Change the given fields."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    with access.transaction(g.caller) as session:
        return ViewResponse(
            views.client_key_body(client_keys.change(session, g.caller, _locked(session, path), changes))
        )


@api.delete(
    "/api/v1/client-keys/<client_key_id>",
    security=needs("keys:write"),
    responses={"200": views.ClientKeyBody, "404": ErrorBody},
)
def revoke_client_key(path: requests.ClientKeyPath) -> Response:
    """Revoke a client key permanently and delete its secret. Codes, claims and balances stay."""
    with access.transaction(g.caller) as session:
        return ViewResponse(views.client_key_body(client_keys.revoke(session, g.caller, _locked(session, path))))


def _locked(session: Session, path: requests.ClientKeyPath) -> ClientKey:
    return client_keys.get_key(session, g.caller.organization_ids, path.client_key_id, to_change=True)
