"""The public page on which people sign up for a program that takes sign-ups; the mailed link confirms the address."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app import db, jobs, refusals
from app.errors import Conflict, InvalidRequest, RequestError
from app.http import bodies, html, throttle
from app.organizations import actors
from app.pages import browser, reader
from app.pages.public.joining import accepted_version
from app.pages.public.joining import name as name_sent
from app.pages.public.sign_in import POLICY
from app.partners.joining import signup
from app.partners.joining.applications.commands import Filled
from app.sentences import catalogue

blueprint = Blueprint("apply", __name__)

LOOKS_PER_MINUTE: Final = 60
"""Times that one address may open the page."""
ANSWER: Final = "answer."
"""Before the name of a field of the program's own form."""


@blueprint.get("/apply/<program_id>")
def apply(program_id: str) -> ResponseReturnValue:
    """What the program pays, and the form; after it, that a mail is on its way, the same for every address."""
    throttle.count_public("apply", per_minute=LOOKS_PER_MINUTE)
    bodies.check_page()
    return _page(program_id, is_sent="sent" in request.args)


@blueprint.post("/apply/<program_id>")
def send(program_id: str) -> ResponseReturnValue:
    """Sign up: fields `name` and `email`, `answer.<name>` for each field of the form, and the accepted agreement."""
    throttle.count_public(signup.LIMIT, per_minute=signup.PER_MINUTE)
    bodies.check_page()
    browser.require_own_form()
    try:
        name = name_sent(request.form.get("name", ""))
        with db.web_transaction() as session:
            email = request.form.get("email", "")
            signup.sign_up(session, actors.PUBLIC, program_id, name=name, email=email, filled=_filled())
    except (InvalidRequest, Conflict) as refused:
        return _page(program_id, refused=refused)
    jobs.wake(jobs.MAILS)
    return redirect(url_for("apply.apply", program_id=program_id, sent="yes"), 303)


def _filled() -> Filled:
    """The answers, and the version of the agreement if its box is ticked."""
    answers = {
        name.removeprefix(ANSWER): value for name, value in request.form.items() if name.startswith(ANSWER) and value
    }
    return Filled(answers, accepted_version())


def _page(program_id: str, *, is_sent: bool = False, refused: RequestError | None = None) -> ResponseReturnValue:
    with db.web_transaction() as session:
        offered = signup.load_open(session, program_id)
    with catalogue.using(reader.preferred()):
        return html.page(
            "joining/apply.html",
            status=refusals.status_of(refused) if refused else 200,
            policy=POLICY,
            offered=offered,
            brand=offered.brand,
            agreement=offered.agreement,
            is_sent=is_sent,
            refused=refused,
            sent=request.form,
        )
