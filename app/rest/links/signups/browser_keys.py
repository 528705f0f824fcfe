"""Routes for browser keys, with which the merchant's pages report visits and claim sign-ups."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.rest.links.signups import requests
from app.signups import browser_keys, views

api = surface("Browser keys", __name__, "Public keys of your pages, for visits and sign-ups only.")


@api.get("/api/v1/browser-keys", security=needs("keys:read"), responses={"200": views.BrowserKeyPage})
def list_browser_keys(query: requests.BrowserKeyQuery) -> Response:
    """Browser keys, newest first, revoked ones too."""
    with access.transaction(g.caller) as session:
        page = browser_keys.list_keys(
            session, g.caller.organization_ids, limit=query.limit, starting_after=query.starting_after
        )
        data = [views.browser_key_body(key) for key in page.rows]
        return ViewResponse(views.BrowserKeyPage(data=data, has_more=page.has_more))


@api.post(
    "/api/v1/browser-keys",
    security=needs("keys:write"),
    responses={"201": views.BrowserKeyBody, "409": ErrorBody, "415": ErrorBody},
)
def create_browser_key(body: requests.BrowserKeyCreation) -> Response:
    """Create a browser key for pages on these origins."""
    livemode = access.mode_of(g.caller, body.livemode)
    with access.transaction(g.caller) as session:
        key = browser_keys.create(
            session,
            g.caller,
            g.caller.organization_id,
            livemode=livemode,
            name=body.name.strip(),
            allowed_origins=body.allowed_origins,
        )
        return ViewResponse(views.browser_key_body(key), status=201)


@api.delete(
    "/api/v1/browser-keys/<browser_key_id>",
    security=needs("keys:write"),
    responses={"200": views.BrowserKeyBody, "404": ErrorBody},
)
def revoke_browser_key(path: requests.BrowserKeyPath) -> Response:
    """Revoke a browser key permanently. What it reported stays."""
    owners = g.caller.organization_ids
    with access.transaction(g.caller) as session:
        key = browser_keys.get_key(session, owners, path.browser_key_id, to_change=True)
        return ViewResponse(views.browser_key_body(browser_keys.revoke(session, g.caller, key)))
