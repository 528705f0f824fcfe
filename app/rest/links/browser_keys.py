"""Browser keys in requests of pages: who sends one, and which pages may read the response."""

from flask import Response, request
from sqlalchemy.orm import Session

from app import db
from app.errors import Unauthenticated
from app.refusals import DATABASE_GONE
from app.rest.links import merchant_pages
from app.signups import browser_keys
from app.signups.models import BrowserKey

BEARER = "Bearer "


def key_in(sent: str | None) -> str | None:
    """The browser key of the request: of its `Authorization` header, else `sent`, that of its body."""
    header = request.headers.get("Authorization", "")
    bearer = header.removeprefix(BEARER).strip() if header.startswith(BEARER) else ""
    return bearer if bearer.startswith(browser_keys.PREFIX) else sent


def admit(session: Session, sent: str | None) -> BrowserKey:
    """The key of the request, whose page has an allowed origin. Raises Unauthenticated and Forbidden."""
    browser_key = key_in(sent)
    if browser_key is None:
        raise Unauthenticated("send a browser key: `Authorization: Bearer apk_…`, or as key in the body")
    return browser_keys.admit(session, browser_key, request.headers.get("Origin"))


def allow_pages(response: Response) -> Response:
    """Let pages on an allowed origin of any browser key read the response (CORS), and answer preflight requests."""
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    if is_allowed_origin(request.headers.get("Origin")):
        merchant_pages.allow(response, "POST", with_credentials=False)
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return response


def is_allowed_origin(origin: str | None) -> bool:
    """Whether any browser key may be used by pages of this origin; not while the database cannot be reached."""
    if not origin:
        return False
    try:
        with db.web_transaction() as session:
            return browser_keys.has_origin(session, origin)
    except DATABASE_GONE:
        return False
