"""What a browser holds: cookies, and tokens that show that a form was sent from a page of ours."""

import hmac
import re
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import urlsplit

from flask import Flask, after_this_request, g, request
from werkzeug.wrappers import Response

from app.errors import Conflict, InvalidRequest
from app.http import configured
from app.people import tokens

SESSION: Final = "accrual_session"
"""The cookie with the token of a session."""
FORM: Final = "accrual_form"
"""The cookie whose random value makes the tokens of forms before anyone is signed in."""
NEXT: Final = "accrual_next"
"""The cookie with the page that a person asked for before signing in."""
FIELD: Final = "csrf_token"
"""The field of every form that changes something."""
ONCE: Final = "form_id"
"""The field that a form has if sending it twice must not make two things."""
OWN_FIELDS: Final = frozenset({FIELD, ONCE})
FORM_SECONDS: Final = 3600
TOKEN_LENGTH: Final = 64
"""Characters of each half of a form's token."""
_REST: Final = r"(/[\w./~-]*)?(\?[^\\\s]*)?"
_OWN_PATH: Final = re.compile(rf"/(console|portal){_REST}", re.ASCII)
_PUBLIC_PATH: Final = re.compile(rf"/(login|apply|join|confirm){_REST}", re.ASCII)


def install(app: Flask) -> None:
    """Let all templates of `app` call `csrf_token` and `form_id`."""
    app.jinja_env.globals.update(csrf_token=csrf_token, form_id=tokens.new)


def read(name: str) -> str | None:
    """The value of a cookie of ours; None if the browser has none."""
    return request.cookies.get(_full(name)) or None


def keep(response: Response, name: str, value: str, *, seconds: int, samesite: Literal["Lax", "Strict"]) -> None:
    """Set a cookie of ours: no script reads it, and over https no other host can set it (`__Host-`)."""
    response.set_cookie(
        _full(name), value, max_age=seconds, secure=configured.is_https(), httponly=True, samesite=samesite, path="/"
    )


def drop(response: Response, name: str) -> None:
    """Delete a cookie of ours."""
    response.delete_cookie(_full(name), secure=configured.is_https(), httponly=True, path="/")


def csrf_token() -> str:
    """The token for the forms of this page. It follows from the session, so nothing has to be stored for it.

    Its second half follows from what the session shows, the organization and live or test money.
    """
    key = g.get("session_token") or _form_key()
    return _token(key) + _token(key, _shown())


def require_own_form(*, of_any_view: bool = False) -> None:
    """Refuse a form that was not sent from a page of ours, shown in the same session.

    The headers by which browsers name the origin of a request are checked where they are sent; the token always.
    A form that was shown before the session was switched, in another tab, to another organization or to other money
    is refused too, since it would act on what it did not show.

    Args:
        of_any_view: whether the form may have been shown before a switch, or on a page that needs no session; for
            forms that do the same there.

    Raises:
        Conflict: `form_of_other_view`.
        InvalidRequest: `form_refused`.
    """
    keys = [read(SESSION) if "session_token" in g else read(FORM), *([read(FORM)] if of_any_view else [])]
    sent = request.form.get(FIELD, "")
    own, shown = sent[:TOKEN_LENGTH], sent[TOKEN_LENGTH:]
    key = next((key for key in keys if key is not None and _is_token(own, key)), None)
    if key is None or not _is_same_origin():
        message = "this form does not belong to the present session; go back, load the page again and repeat it"
        raise InvalidRequest(message, code="form_refused")
    if not of_any_view and not _is_token(shown, key, _shown()):
        message = (
            "this form was shown before the organization, or live or test data, was switched, so nothing was done; "
            "load the page again and check what it shows"
        )
        raise Conflict(message, code="form_of_other_view")


def own_path(sent: str | None, *, before_sign_in: bool = False) -> str | None:
    """`sent`, if it is the path of a page for people who are signed in; else None, so no link leads to another site.

    `before_sign_in`: of a page for people who are not.
    """
    own = _PUBLIC_PATH if before_sign_in else _OWN_PATH
    return sent if sent is not None and own.fullmatch(sent) else None


def signature(text: str) -> str:
    """A signature of what the browser keeps for this session, so that it can be read without doubt."""
    return _sign(g.session_token, f"kept {text}")


def is_signed(text: str, sent: str) -> bool:
    """Whether `sent` is the signature of `text` in this session."""
    return "session_token" in g and hmac.compare_digest(sent.encode(), signature(text).encode())


def _form_key() -> str:
    """The random value of the cookie `FORM`, which the response sets if the browser has none."""
    present = read(FORM) or g.get("form_key")
    if present is not None:
        return str(present)
    g.form_key = made = tokens.new()

    @after_this_request
    def set_cookie(response: Response) -> Response:
        keep(response, FORM, made, seconds=FORM_SECONDS, samesite="Strict")
        return response

    return made


def _shown() -> str:
    """What the session shows: the organization and live or test money; before anyone is signed in, nothing."""
    caller = g.get("caller") if "session_token" in g else None
    return "" if caller is None else f"{caller.organization_id} {caller.livemode}"


def _token(key: str, shown: str = "") -> str:
    return _sign(key, f"forms of pages {shown}")


def _sign(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), sha256).hexdigest()


def _is_token(sent: str, key: str, shown: str = "") -> bool:
    return hmac.compare_digest(sent.encode(), _token(key, shown).encode())


def _is_same_origin() -> bool:
    """Whether the headers, if sent, say that the request is from our own origin. `null`: the page sends no referrer."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "null")
    own = {request.host, urlsplit(configured.settings().public_url).netloc}
    return site in (None, "same-origin") and (origin == "null" or urlsplit(origin).netloc in own)


def _full(name: str) -> str:
    return f"__Host-{name}" if configured.is_https() else name
