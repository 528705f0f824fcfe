"""The language of a page: what the person chose, else what the browser asks for, else the installation's."""

from typing import Final

from babel import Locale
from flask import Flask, g
from werkzeug.wrappers import Response

from app import languages
from app.http import bodies
from app.pages import browser
from app.people.sessions import SignedIn
from app.sentences import catalogue
from app.sentences.catalogue import Catalogue

LANGUAGE: Final = "accrual_language"
"""The cookie with the language that was chosen before signing in."""
LANGUAGE_SECONDS: Final = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Let all templates of `app` name the languages, and the one that was chosen."""
    app.jinja_env.globals.update(offered_languages=offered, chosen_language=chosen)


def preferred() -> Catalogue:
    """The catalogue for the person of this request, who may not be signed in."""
    language = chosen()
    return bodies.requested_language() if language is None else catalogue.named(language)


def chosen() -> str | None:
    """The language that was chosen, by the person if one is signed in, else in this browser; None if none was."""
    who: SignedIn | None = g.get("signed_in")
    language = browser.read(LANGUAGE) if who is None else who.language
    return language if language in catalogue.available() else None


def keep(response: Response, language: str | None) -> Response:
    """Let the browser remember the language for pages before signing in; None forgets it. Returns the response."""
    if language is None:
        browser.drop(response, LANGUAGE)
    else:
        browser.keep(response, LANGUAGE, language, seconds=LANGUAGE_SECONDS, samesite="Lax")
    return response


def offered() -> list[tuple[str, str]]:
    """The languages that there are, each with the name that it has for itself."""
    return [(tag, _name(languages.conventions(tag))) for tag in catalogue.available()]


def _name(locale: Locale) -> str:
    return str(locale.get_language_name(locale) or locale).capitalize()
