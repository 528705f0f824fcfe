"""Pages for people who are signed in: found by the browser's session, and refused what their role may not do.

A page is a function of a database session, limited to the organization and mode that the person sees, and of the
person. What it raises becomes an error page (app/http/errors.py). Example:

    @blueprint.get("/console/payments/<payment_id>")
    @signed_in.page("payments:read")
    def payment(session: Session, who: SignedIn, payment_id: str) -> Response: ...
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from inspect import unwrap
from typing import Any, Final

import structlog
from flask import after_this_request, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import db, ids, jobs, refusals
from app.errors import Conflict, Forbidden, InvalidRequest, NotFound
from app.http import bodies, throttle
from app.organizations import access, request_limits
from app.organizations.permissions import Caller
from app.pages import browser, reader
from app.people import sessions
from app.people.sessions import LIFETIME, SignedIn
from app.sentences import catalogue
from app.sentences.say import say

__all__ = ["SignedIn", "form", "form_that_waits", "identify", "page", "remember"]

View = Callable[..., ResponseReturnValue]
Begin = Callable[[Caller], AbstractContextManager[Session]]
SIGN_IN: Final = "sign_in.login"


def page(permission: str | None, begin: Begin = access.transaction) -> Callable[[View], View]:
    """Decorates a page that needs `permission`; None: every person who is signed in may see it.

    `begin` begins the transaction, which by default sees what the person's organization has as a merchant.
    """
    return lambda view: _guarded(view, permission, begin, is_form=False)


def form(
    permission: str | None, begin: Begin = access.transaction, *, shown_on: View | None = None
) -> Callable[[View], View]:
    """As `page`, for a form: it must have been sent from a page of the same session (`csrf_token()`).

    Args:
        permission: what the form needs; None: it is about the person and its session, so it does the same whatever
            organization and mode are shown, and a page of before a switch may send it.
        begin: as of `page`.
        shown_on: the page with the form, of the same path parameters. If the form is refused, it is shown again with
            the refusal's sentence and status, and what the form changed is rolled back; None: an error page.
    """

    def guard(view: View) -> View:
        refusing = view if shown_on is None else _refused_on(shown_on, view)
        return _guarded(refusing, permission, begin, is_form=True)

    return guard


def form_that_waits(permission: str) -> Callable[[View], View]:
    """As `form`, without a transaction: what it calls opens its own, and none is open while other servers answer."""
    return form(permission, _no_transaction)


def identify() -> SignedIn | None:
    """The person of the browser's session; None if there is none. Sets the cookie again if it has to be.

    Runs in a separate transaction, because the session has to be found before rows are limited to its organization.
    """
    token = browser.read(browser.SESSION)
    if token is None:
        return None
    with db.web_transaction() as session:
        found = sessions.find(session, token)
    if found is None:
        throttle.count_address()
        return None
    if found.cookie_token is not None:
        renewed = found.cookie_token
        after_this_request(lambda response: remember(response, renewed))
    g.session_token, g.caller, g.signed_in = found.cookie_token or token, found.caller, found
    structlog.contextvars.bind_contextvars(person_id=ids.encode(ids.PERSON, found.person_id))
    return found


def remember(response: Response, token: str) -> Response:
    """Set the cookie of a session. Returns the response."""
    seconds = int(LIFETIME.total_seconds())
    browser.keep(response, browser.SESSION, token, seconds=seconds, samesite="Lax")
    return response


@contextmanager
def _no_transaction(_caller: Caller) -> Iterator[Session]:
    """A session without a database."""
    yield Session()


def _guarded(view: View, permission: str | None, begin: Begin, *, is_form: bool) -> View:
    @wraps(view)
    def guarded(**path: Any) -> ResponseReturnValue:
        bodies.check_page()
        who = identify()
        if who is None:
            return _to_sign_in(is_form=is_form)
        with catalogue.using(reader.preferred()):
            throttle.enforce(request_limits.count_caller(who.caller, is_write=is_form))
            if is_form:
                browser.require_own_form(of_any_view=permission is None)
            if permission is not None and not who.caller.may(permission):
                raise Forbidden(say("page.error.role", role=say(f"page.role.{who.role}"), permission=permission))
            with jobs.wakes_delayed(), begin(who.caller) as session:
                return make_response(view(session, who, **path))

    vars(guarded)["permission"] = permission  # the tests of who may see which page read it
    return guarded


def _refused_on(shown_on: View, view: View) -> View:
    """`view`, answering a refusal with the page `shown_on`. A page that cannot be shown raises its own refusal."""

    @wraps(view)
    def refusing(session: Session, who: SignedIn, **path: Any) -> ResponseReturnValue:
        try:
            with session.begin_nested():
                return view(session, who, **path)
        except (Conflict, InvalidRequest, NotFound) as refusal:
            g.refusal = refusal.message
            response = make_response(unwrap(shown_on)(session, who, **path))
            response.status_code = refusals.status_of(refusal)
            return response

    return refusing


def _to_sign_in(*, is_form: bool) -> ResponseReturnValue:
    """To the sign-in page, and after it back to the page that was asked for."""
    asked = None if is_form else browser.own_path(request.full_path.removesuffix("?"))
    return redirect(url_for(SIGN_IN, next=asked), 303)
