"""Choosing the language of the pages, for people who are signed in and for those who are not."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app import db
from app.http import bodies, throttle
from app.pages import browser, reader, signed_in
from app.people import own_languages
from app.sentences import catalogue

blueprint = Blueprint("language", __name__)

CHOICES_PER_MINUTE: Final = 30
"""Choices that one address may make."""


@blueprint.post("/language")
def choose() -> ResponseReturnValue:
    """Fields `language`, empty for the browser's; `next`: the page to go back to. A person's choice is stored."""
    throttle.count_public("language", per_minute=CHOICES_PER_MINUTE)
    bodies.check_page()
    who = signed_in.identify()
    browser.require_own_form(of_any_view=True)
    language = request.form.get("language") or None
    if language is not None:
        catalogue.named(language)
    if who is not None:
        with db.web_transaction() as session:
            own_languages.choose(session, who, language)
    asked = request.form.get("next")
    after = browser.own_path(asked) if who is not None else None
    after = after or browser.own_path(asked, before_sign_in=True)
    return reader.keep(redirect(after or url_for("sign_in.start"), 303), language)
