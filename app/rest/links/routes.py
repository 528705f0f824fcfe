"""Routes for partners' links, and the beacon for pages that are linked to directly. Public: visitors have no key."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import structlog
from flask import Response, g, request

from app import db, direct, ids
from app.attribution.names import fold
from app.errors import InvalidRequest, RateLimited, Unavailable
from app.http import bodies, configured, html, throttle
from app.http.surfaces import ViewResponse, surface
from app.refusals import DATABASE_GONE
from app.rest.links import browser_keys, cookies, merchant_pages
from app.rest.links.finding import find_link, links
from app.rest.links.requests import BeaconBody, LinkPath, LinkQuery
from app.sentences import catalogue
from app.touchpoints import recording, targets, visitors
from app.touchpoints.links import Link
from app.touchpoints.memory import Memory, touched
from app.touchpoints.recording import Touch
from app.touchpoints.views import BeaconAnswer

BEACONS_PER_MINUTE: Final = 120
LINKS_PER_MINUTE: Final = 240
"""For each network address, which an office or a school may share."""
PREFETCHING: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
HTML: Final[dict[str, Any]] = {"content": {"text/html": {}}}
FOLLOWED: Final[dict[str | int | HTTPStatus, Any]] = {
    "302": {"description": "Redirects to the program's landing page, with `ref` and `aff_sess` in its query."},
    "404": {"description": "The code is unknown, or its program has no landing page yet; the page says which.", **HTML},
    "503": {"description": "The database cannot be reached, and this link is not cached.", **HTML},
}

api = surface("Links", __name__, "Partners' links and touchpoints. Public: no key.")
api.before_request(merchant_pages.read_plain_text)
log = structlog.get_logger(__name__)


@api.get("/r/<code>", responses=FOLLOWED)
def follow_link(path: LinkPath, query: LinkQuery) -> Response:
    """Record a touchpoint and redirect the visitor to the program's landing page.

    Nothing is recorded for HEAD, prefetching and crawlers. The link of an unknown code, or of a partner that is not
    active, redirects without credit. While the database cannot be reached, links redirect with `ref` alone.
    """
    is_over_limit = _is_over_limit(path.code, query.program_id)
    try:
        link = find_link(path.code, query.program_id)
    except Unavailable:
        return _page("links/unavailable.html", status=503)
    target = _target(link, query.to)
    if link is None:
        return _page("links/unknown.html", status=404)
    if target is None:
        return _page("links/not_ready.html", status=404)
    before, session_id = None, ""
    if link.partner_id is not None and not is_over_limit and not _is_unseen():
        before = cookies.remembered(link)
        session_id = recording.session_id_or_new(before.session_id if before else None)
        address = request.args.to_dict()
        if not _record(link, "link", session_id, landing=target, referrer=request.referrer or "", query=address):
            session_id = ""
    response = _redirect(link, target, session_id)
    if session_id:
        _remember(response, link, before, session_id)
    return response


@api.post("/v1/touchpoints", responses={"202": BeaconAnswer})
def record_touchpoint(body: BeaconBody) -> Response:
    """Record a touchpoint for a page that partners link to directly.

    The page sends it, as JSON or as plain text (`navigator.sendBeacon`). An unknown code, or a page that is not the
    program's, records nothing and gets the same response. With a browser key, the page needs an origin of the key.
    """
    throttle.count_public("touchpoints", per_minute=BEACONS_PER_MINUTE)
    link = find_link(body.code, body.program_id)
    if link is None or link.partner_id is None or not _may_report(link, body.key):
        return ViewResponse(BeaconAnswer(session=recording.session_id_or_new(body.session)), 202)
    before = cookies.remembered(link)
    session_id = recording.session_id_or_new(body.session or (before.session_id if before else None))
    landing = body.landing if targets.host_of(body.landing) in link.hosts else ""
    address = dict(parse_qsl(urlsplit(landing).query))
    _write(link, "beacon", session_id, landing=landing, referrer=body.referrer, query=address)
    response = ViewResponse(BeaconAnswer(session=session_id), 202)
    if merchant_pages.is_own_origin(link, request.headers.get("Origin", "")):
        g.page_is_own = True
        _remember(response, link, before, session_id)
    return response


@api.after_request
def _allow_landing_hosts(response: Response) -> Response:
    """Allow pages on landing hosts to send beacons and read the response (CORS), and answer preflight requests.

    With the visitor's cookies only a page of the program's may read it, after its beacon was recorded.
    """
    if request.method not in {"POST", "OPTIONS"}:
        return response
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    host = targets.host_of(request.headers.get("Origin", ""))
    if host and (_is_landing_host(host) or browser_keys.is_allowed_origin(request.headers.get("Origin"))):
        merchant_pages.allow(response, "POST", with_credentials=g.get("page_is_own", False))
    return response


def _is_over_limit(code: str, program_id: str) -> bool:
    """Whether this address follows too many links, so that no visit is recorded; a cached link still redirects.

    Raises:
        RateLimited: the link is not cached, so that codes cannot be guessed without a limit.
    """
    try:
        throttle.count_public("links", per_minute=LINKS_PER_MINUTE)
    except RateLimited:
        if not links().cached(fold(code), program_id)[0]:
            raise
        return True
    return False


def _page(template: str, *, status: int) -> Response:
    with catalogue.using(bodies.requested_language()):
        return html.page(template, status=status)


def _target(link: Link | None, to: str | None) -> str | None:
    """The target: the requested page if it is on the program's hosts, else the landing page. Raises InvalidRequest."""
    if to is None:
        return link.landing_url if link else None
    if link is None or not targets.is_allowed(to, link.hosts, link.landing_url):
        raise InvalidRequest("to must be an address on one of the program's landing hosts", param="to")
    return to


def _redirect(link: Link, target: str, session_id: str) -> Response:
    named = {"ref": link.code, "aff_sess": session_id}
    utm = {f"utm_{name}": value for name, value in visitors.utm_in(request.args).items()}
    location = targets.with_parameters(target, {name: value for name, value in named.items() if value}, utm)
    return Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def _remember(response: Response, link: Link, before: Memory | None, session_id: str) -> None:
    """Set the cookie, unless the visitor's consent is needed; a browser that has it already was given consent."""
    if link.sets_cookie or before is not None:
        cookies.remember(response, link, touched(before, link.code, session_id, datetime.now(UTC)))


def _is_unseen() -> bool:
    """Whether no person sees the response (yet): HEAD, prefetching, previews and crawlers."""
    is_prefetch = any("prefetch" in request.headers.get(name, "").lower() for name in PREFETCHING)
    is_preview = "preview" in request.headers.get("X-Purpose", "").lower()
    return request.method == "HEAD" or is_prefetch or is_preview or visitors.is_machine(request.user_agent.string)


def _record(
    link: Link, source: Literal["link"], session_id: str, *, landing: str, referrer: str, query: dict[str, str]
) -> bool:
    """Record a touchpoint; if the database cannot be reached, only log it, so that the visitor is still redirected."""
    if links().is_paused:
        return False
    try:
        _write(link, source, session_id, landing=landing, referrer=referrer, query=query)
    except DATABASE_GONE as failure:
        links().pause()
        log.warning("touchpoint_lost", code=link.code, kind=type(failure).__name__)
        return False
    return True


def _write(
    link: Link,
    source: Literal["link", "beacon"],
    session_id: str,
    *,
    landing: str,
    referrer: str,
    query: dict[str, str],
) -> None:
    assert link.partner_id is not None, "a touchpoint needs a partner"
    now, secret = datetime.now(UTC), configured.settings().secret_keys[0]
    touch = Touch(
        id=ids.new(),
        organization_id=link.organization_id,
        program_id=link.program_id,
        partner_id=link.partner_id,
        code=link.code,
        session_id=session_id,
        source=source,
        touched_at=now,
        landing=visitors.page(landing),
        referrer=visitors.page(referrer),
        utm=visitors.utm_in(query),
        address_hash=visitors.network_hash(throttle.address(), secret, now),
        agent_hash=visitors.agent_hash(request.user_agent.string, secret, now),
    )
    direct.run(recording.insert_touchpoint, touch)


def _may_report(link: Link, sent_key: str | None) -> bool:
    """Whether the page may report visits of this link: with a browser key of its owner, else as a page of the program.

    Raises Unauthenticated and Forbidden for a key that is unknown, or is not for the page's origin.
    """
    if browser_keys.key_in(sent_key) is None:
        return _is_own_page(link)
    with db.web_transaction() as session:
        return browser_keys.admit(session, sent_key).organization_id == link.organization_id


def _is_own_page(link: Link) -> bool:
    """Whether the page that sends the beacon is the program's; a request without `Origin` comes from a server."""
    origin = request.headers.get("Origin")
    return origin is None or targets.host_of(origin) in link.hosts


def _is_landing_host(host: str) -> bool:
    try:
        return direct.run(links().is_landing_host, host)
    except DATABASE_GONE:
        return False
