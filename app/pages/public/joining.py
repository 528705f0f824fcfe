"""The pages that mailed links lead to: joining by an invitation, and confirming an address.

The token is behind `#`, so that it is in no server's log and no referrer. A script puts it into the form; without
scripts the person pastes the link there.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import db, refusals
from app.branding import brand as brands
from app.errors import Conflict, InvalidRequest, NotFound, RateLimited, RequestError
from app.http import bodies, configured, html, throttle
from app.organizations import actors
from app.pages import browser, reader
from app.pages.layout import POLICY
from app.partners.joining import confirmations, invitations, signup, views
from app.partners.joining.applications import commands as applications
from app.programs.applying.queries import newest_agreement
from app.sentences import catalogue
from app.texts import require_line

blueprint = Blueprint("join", __name__)

LOOKS_PER_MINUTE: Final = 60
"""Times that one address may open these pages, or look at an invitation."""
NAME_LENGTH: Final = 200
VERSION: Final = re.compile("[1-9][0-9]{0,5}")


@blueprint.get("/join")
def join() -> ResponseReturnValue:
    """The form for the link of an invitation."""
    throttle.count_public("join", per_minute=LOOKS_PER_MINUTE)
    return _page("joining/link.html")


@blueprint.post("/join/invitation")
def show() -> ResponseReturnValue:
    """Who invites, to what and at which rate, and the form to accept: field `link`. Changes nothing."""
    return _answer("joining/link.html", _offer)


@blueprint.post("/join/accept")
def accept() -> ResponseReturnValue:
    """Accept an invitation: fields `link` and `name`. The page shows the new account's API key, this once."""
    return _answer("joining/link.html", _accept)


@blueprint.get("/confirm")
def confirm() -> ResponseReturnValue:
    """The form that confirms an address. Opening it changes nothing: programs open the links of mails too."""
    throttle.count_public("confirm", per_minute=LOOKS_PER_MINUTE)
    return _page("joining/confirm.html")


@blueprint.post("/confirm")
def use_confirmation() -> ResponseReturnValue:
    """Confirm the address that the link was mailed to: field `link`."""
    return _answer("joining/confirm.html", _confirm)


def _offer(session: Session) -> ResponseReturnValue:
    return _page("joining/offer.html", **_offered(session))


def _accept(session: Session) -> ResponseReturnValue:
    offered = _offered(session)
    try:
        _count_sign_up()
        own_name, language = name(request.form.get("name", "")), catalogue.current().language
        version = accepted_version()
        with session.begin_nested():  # what was written before a refusal is rolled back, so that the link stays usable
            applications.require_version(session, offered["program"].id, version)
            joined = invitations.join(session, actors.PUBLIC, offered["token"], own_name, language)
            if version is not None:
                applications.accept(session, actors.PUBLIC, joined.partner, version)
    except (InvalidRequest, Conflict, RateLimited) as refused:
        return _page("joining/offer.html", refused, **offered)
    shown = views.load_signed_up(session, joined, configured.settings().public_url)
    return _page("joining/joined.html", joined=shown, brand=offered["brand"])


def _confirm(session: Session) -> ResponseReturnValue:
    _count_sign_up()
    confirmed = confirmations.confirm(session, actors.PUBLIC, _token(), catalogue.current().language)
    brand = brands.load(session, confirmed.program_id)
    return _page("joining/confirmed.html", confirmed=views.confirmed(confirmed), brand=brand)


def _offered(session: Session) -> dict[str, Any]:
    """What an invitation offers, with its program, brand and agreement, and its token. Raises NotFound, RateLimited."""
    throttle.count_public("invitation", per_minute=LOOKS_PER_MINUTE)
    token = _token()
    offer = invitations.load_offer(session, token)
    return {
        "offered": views.invitation_body(offer),
        "program": offer.program,
        "brand": brands.load(session, offer.program.id),
        "agreement": newest_agreement(session, offer.program.id),
        "token": token,
    }


def _count_sign_up() -> None:
    throttle.count_public(signup.LIMIT, per_minute=signup.PER_MINUTE)


def _token() -> str:
    """The token in the link that was sent: what is behind `#`, or all of it."""
    return request.form.get("link", "").strip().rpartition("#")[2]


def name(sent: str) -> str:
    """The name, if it has no more characters than REST takes. Raises InvalidRequest."""
    if len(sent) > NAME_LENGTH:
        raise InvalidRequest(f"name has {len(sent)} characters; give at most {NAME_LENGTH}", param="name")
    return require_line(sent, param="name")


def accepted_version() -> int | None:
    """The version of the partner agreement whose box is ticked; None if none is."""
    version = request.form.get("agreement_version", "")
    return int(version) if VERSION.fullmatch(version) else None


def _answer(form: str, view: Callable[[Session], ResponseReturnValue]) -> ResponseReturnValue:
    """The page of a form that was sent; the page `form` again if its link cannot be used."""
    bodies.check_page()
    browser.require_own_form()
    with catalogue.using(reader.preferred()):
        try:
            with db.web_transaction() as session:
                return view(session)
        except (NotFound, Conflict, RateLimited) as refused:
            return _page(form, refused)


def _page(template: str, refused: RequestError | None = None, **values: Any) -> ResponseReturnValue:
    status = refusals.status_of(refused) if refused else 200
    with catalogue.using(reader.preferred()):
        return html.page(template, status=status, policy=POLICY, refused=refused, sent=request.form, **values)
