"""Routes for the domain of the cookie of an owner's links."""

from flask import Response, g

from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.rest.links.requests import CookieDomainChange
from app.touchpoints import cookie_domains
from app.touchpoints.views import CookieDomainBody

api = surface("Cookie domain", __name__, "Where the cookie is set by which browsers remember a partner's link.")
PATH = "/api/v1/cookie-domain"


@api.get(PATH, security=needs("programs:read"), responses={"200": CookieDomainBody})
def show_cookie_domain() -> Response:
    """The domain of the cookie, and its name."""
    with access.transaction(g.caller) as session:
        return ViewResponse(cookie_domains.load_body(session, g.caller.organization_id))


@api.put(PATH, security=needs("programs:write"), responses={"200": CookieDomainBody, "415": ErrorBody})
def change_cookie_domain(body: CookieDomainChange) -> Response:
    """Set the domain: your site's, so that each of its hosts gets the cookie. The links' host must be in it."""
    with access.transaction(g.caller) as session:
        cookie_domains.change(session, g.caller, g.caller.organization_id, body.domain)
        return ViewResponse(cookie_domains.load_body(session, g.caller.organization_id))


@api.delete(PATH, security=needs("programs:write"), responses={"200": CookieDomainBody})
def remove_cookie_domain() -> Response:
    """Remove the domain: links set a cookie of their own host."""
    with access.transaction(g.caller) as session:
        cookie_domains.remove(session, g.caller, g.caller.organization_id)
        return ViewResponse(cookie_domains.load_body(session, g.caller.organization_id))
