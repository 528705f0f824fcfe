"""Signing in by a one-time link, and out; and what a session shows: the organization, and live or test money."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import db, ids, jobs
from app.errors import NotFound
from app.http import bodies, configured, html, throttle
from app.pages import browser, reader, signed_in
from app.people import login_links, sessions
from app.people.sessions import SignedIn
from app.sentences import catalogue

blueprint = Blueprint("sign_in", __name__)

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
MAILS_PER_MINUTE: Final = 10
"""Links that one address may request."""
LINKS_PER_MINUTE: Final = 30
"""Links that one address may open or use."""
NEXT_SECONDS: Final = 900


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """To the pages of the person who is signed in, else to the sign-in page."""
    who = signed_in.identify()
    return redirect(_home(who) if who else url_for("sign_in.login"), 303)


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The form for an address. It also says that a mail is on its way, the same for every address."""
    after = browser.own_path(request.args.get("next"))
    who = signed_in.identify()
    if who:
        return redirect(after or _home(who), 303)
    sends_mail = configured.settings().mail_mode != "off"
    return _page("sign_in/login.html", after=after, is_sent="sent" in request.args, sends_mail=sends_mail)


@blueprint.post("/login")
def request_link() -> ResponseReturnValue:
    """Send a link to an address, if a person has it. The answer is the same for every address."""
    throttle.count_public("login", per_minute=MAILS_PER_MINUTE)
    bodies.check_page()
    browser.require_own_form()
    with db.web_transaction() as session:
        login_links.request_mail(session, request.form.get("email", ""))
    jobs.wake(jobs.MAILS)
    response = redirect(url_for("sign_in.login", sent="yes"), 303)
    after = browser.own_path(request.form.get("next"))
    if after is not None:
        browser.keep(response, browser.NEXT, after, seconds=NEXT_SECONDS, samesite="Lax")
    return response


@blueprint.get("/login/<token>")
def show_link(token: str) -> ResponseReturnValue:
    """A button that signs in. Opening the link changes nothing: programs open the links of mails too."""
    throttle.count_public("login_link", per_minute=LINKS_PER_MINUTE)
    bodies.check_page()
    with db.web_transaction() as session:
        is_usable = login_links.is_usable(session, token)
    return _page("sign_in/link.html", status=200 if is_usable else 404, is_usable=is_usable)


@blueprint.post("/login/<token>")
def use_link(token: str) -> ResponseReturnValue:
    """Sign in: the browser gets a new session, and the one that it had ends."""
    throttle.count_public("login_link", per_minute=LINKS_PER_MINUTE)
    bodies.check_page()
    browser.require_own_form()
    former, agent = browser.read(browser.SESSION), request.headers.get("User-Agent", "")
    try:
        with db.web_transaction() as session:
            begun = login_links.consume(session, token, user_agent=agent, former=former)
            who = sessions.find(session, begun)
            assert who is not None
    except NotFound:
        return _page("sign_in/link.html", status=404, is_usable=False)
    response = redirect(browser.own_path(browser.read(browser.NEXT)) or _home(who), 303)
    browser.drop(response, browser.NEXT)
    browser.drop(response, browser.FORM)
    return signed_in.remember(response, begun)


@blueprint.post("/logout")
@signed_in.form(None)
def sign_out(session: Session, who: SignedIn) -> ResponseReturnValue:
    """End the browser's session."""
    sessions.revoke_own(session, who, ids.encode(ids.SESSION, who.session_id))
    response = redirect(url_for("sign_in.login"), 303)
    browser.drop(response, browser.SESSION)
    return response


@blueprint.post("/console/mode")
@signed_in.form(None)
def switch_mode(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Show live or test money from now on: field `livemode`, `true` or `false`; `next`: the page to go back to."""
    sessions.switch_mode(session, who, livemode=request.form.get("livemode") == "true")
    return redirect(browser.own_path(request.form.get("next")) or _home(who), 303)


@blueprint.post("/console/organization")
@signed_in.form(None)
def switch_organization(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Show another of the person's organizations: field `organization_id`, `org_…`."""
    sessions.switch_organization(session, who, request.form.get("organization_id", ""))
    return redirect(url_for("sign_in.start"), 303)


def _home(who: SignedIn) -> str:
    """The first page of a person: the console of a merchant, the portal of a partner."""
    return url_for("portal.enrollments" if who.organization.kind == "affiliate" else "console.overview")


def _page(template: str, *, status: int = 200, **values: object) -> Response:
    with catalogue.using(reader.preferred()):
        return html.page(template, status=status, policy=POLICY, **values)
