"""Checks of a request's body, text and headers, which run before any model validates them."""

import math
import re
from typing import Any, Final

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.errors import InvalidRequest
from app.http.errors import FORM_NEEDED

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
FORM: Final = "multipart/form-data"
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that a header's value must not have. A tab is allowed, and so are the bytes of other alphabets, which look
like the control characters above U+007F. Source: RFC 9110, 5.5."""


def check_request(*, has_form: bool = False) -> None:
    """Refuse a body that is not a JSON object, text that cannot be stored, and headers with control characters.

    Args:
        has_form: the route takes a form with a file instead of JSON; the file is checked by its reader.

    Raises:
        InvalidRequest: names the field or header with the wrong text or number.
        werkzeug's UnsupportedMediaType: the content type of the body is not JSON, or no form where one is needed.
    """
    for name, value in request.headers:
        _refuse_control(name, value)
    for name, value in (*(request.view_args or {}).items(), *request.args.items()):
        _refuse_unstorable(value, name)
    if has_form:
        if request.mimetype != FORM:
            raise UnsupportedMediaType(FORM_NEEDED)
        _refuse_unstorable(request.form.to_dict(), "")
        return
    if request.method not in BODY_METHODS or not (request.content_length or request.get_data(cache=True)):
        return
    try:
        body = request.get_json()
        _refuse_unstorable(body, "")
    except (BadRequest, RecursionError):
        raise InvalidRequest("the body is not JSON, or is nested too deep; send a JSON object") from None
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")


def _refuse_control(header: str, value: str) -> None:
    control = CONTROL.search(value)
    if control is not None:
        raise InvalidRequest(
            f"the header {header} has the control character U+{ord(control[0]):04X}; send visible characters",
            param=header,
        )


def _refuse_unstorable(value: Any, place: str) -> None:
    """Refuse values that Postgres cannot store: NUL and lone surrogates in text, infinity and NaN."""
    if isinstance(value, dict):
        for name, inner in value.items():
            inside = f"{place}.{name}" if place else name
            _refuse_unstorable(name, inside)
            _refuse_unstorable(inner, inside)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _refuse_unstorable(inner, f"{place}.{position}")
    elif isinstance(value, str) and not _is_storable(value):
        param = place.encode(errors="replace").decode().replace("\x00", "?")
        raise InvalidRequest(f"{param} has a character that cannot be stored (NUL, or half a pair)", param=param)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{place} is infinite or not a number; send a finite number", param=place)


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
