"""Error pages, in the reader's language: with the navigation of the person who is signed in, and the request's id."""

from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.errors import AccrualError
from app.http import errors, html
from app.pages import layout, reader, signed_in
from app.pages.portal import frame
from app.pages.signed_in import SignedIn
from app.sentences import catalogue
from app.sentences.say import say

TITLED: Final = frozenset({400, 403, 404, 409, 429, 500, 503})
"""Statuses with a title and a text of their own; others have those of 400."""
WITHOUT_MESSAGE: Final = frozenset({429, 500, 503})
"""Statuses whose text says all that there is to say."""


def install(app: Flask) -> None:
    """Let errors below the paths of pages be pages."""
    app.extensions[errors.PAGE] = page


def page(status: int, message: str) -> Response:
    """The error page of `status`; `message` is the refusal's own, in English."""
    who = _signed_in()
    with catalogue.using(reader.preferred()):
        known = status if status in TITLED else 400
        is_translated = status == HTTPStatus.FORBIDDEN
        has_detail = status not in WITHOUT_MESSAGE and request.endpoint is not None
        language = catalogue.current().language
        values = {
            "title": say(f"page.error.{known}"),
            "text": None if has_detail and (is_translated or language == catalogue.SOURCE) else say(_text(known)),
            "detail": message if has_detail else None,
            "detail_language": language if is_translated else catalogue.SOURCE,
            "request_id": g.request_id,
        }
        return _within(who, status, values)


def _text(status: int) -> str:
    return "page.error_text.no_page" if request.endpoint is None else f"page.error_text.{status}"


def _within(who: SignedIn | None, status: int, values: dict[str, Any]) -> Response:
    """The page in the frame of console or portal, if a person is signed in; else a plain one."""
    if who is not None and request.path.startswith(frame.blueprint.url_prefix or ""):
        return layout.render("portal/error.html", who, status=status, pages=frame.PAGES, enrolled=None, **values)
    if who is not None and request.path.startswith("/console"):
        return layout.render("console/error.html", who, status=status, **values)
    return html.page("error.html", status=status, **values)


def _signed_in() -> SignedIn | None:
    """The person of the request; where no page was found, it is identified here, unless the database is away."""
    known: SignedIn | None = g.get("signed_in")
    if known is not None or request.endpoint is not None:
        return known
    try:
        return signed_in.identify()
    except (AccrualError, DBAPIError, PoolTimeoutError):
        return None
