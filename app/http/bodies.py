"""What a JSON body must be before any model looks at it."""

import math
import re
from typing import Any, Final

from flask import request
from werkzeug.exceptions import BadRequest

from app.errors import InvalidRequest

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header's value has: a tab may stand in it. The bytes of other alphabets, which look like the control
characters above U+007F, may too. Source: RFC 9110, 5.5."""


def check_request() -> None:
    """Refuse a body that is no JSON object, text that cannot be stored, and headers with control characters.

    Raises:
        InvalidRequest: names the field or header whose text or number is at fault.
        werkzeug's UnsupportedMediaType: the body is no JSON by its content type.
    """
    for name, value in request.headers:
        _refuse_control(name, value)
    for name, value in (*(request.view_args or {}).items(), *request.args.items()):
        _refuse_unstorable(value, name)
    if request.method not in BODY_METHODS or not (request.content_length or request.get_data(cache=True)):
        return
    try:
        body = request.get_json()
        _refuse_unstorable(body, "")
    except (BadRequest, RecursionError):
        raise InvalidRequest("the body is not JSON, or nested too deep") from None
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")


def _refuse_control(header: str, value: str) -> None:
    found = CONTROL.search(value)
    if found is not None:
        raise InvalidRequest(
            f"the header {header} has the control character U+{ord(found[0]):04X}; send visible characters",
            param=header,
        )


def _refuse_unstorable(value: Any, place: str) -> None:
    """Refuse what Postgres cannot keep: NUL and lone surrogates in text, numbers that are none."""
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
        raise InvalidRequest(f"{param} holds a character that cannot be stored", param=param)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{place} is not a number", param=place)


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
