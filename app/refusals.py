"""Refusals of requests, the same over REST and MCP: statuses, wrong fields, what cannot be stored, a lost database."""

import math
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app import writability
from app.errors import (
    LONGEST_SHOWN,
    Conflict,
    Forbidden,
    Gone,
    InvalidRequest,
    InvalidSignature,
    NotFound,
    RateLimited,
    RequestError,
    TooLarge,
    Unauthenticated,
)

STATUSES: Final[Mapping[type[RequestError], int]] = {
    InvalidRequest: 400,
    InvalidSignature: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TooLarge: 413,
    RateLimited: 429,
}
DATABASE_AWAY: Final = "The database cannot be reached; try again."
INTERNAL_ERROR: Final = "Something went wrong on our side."
_A_TIME: Final = "must be a time with its zone, such as 2026-10-31T23:59:59Z"
MESSAGES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "string_unicode": "must be valid text",
    "model_type": "must be a JSON object",
    **dict.fromkeys(["datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"], _A_TIME),
    **dict.fromkeys(["int_type", "int_parsing", "int_from_float"], "must be a whole number"),
    "decimal_parsing": "must be a decimal number, such as 12.5",
}
DATABASE_GONE: Final = (OperationalError, InterfaceError, PoolTimeoutError)


def status_of(refusal: RequestError) -> int:
    """The HTTP status of a refusal."""
    return next(status for kind, status in STATUSES.items() if isinstance(refusal, kind))


def of_invalid(*invalid: ValidationError, sent: Any) -> InvalidRequest:
    """Pydantic's validation errors as ours: its param is the first wrong field, its details are all of them.

    Args:
        invalid: the errors of one request, which may have several models.
        sent: the JSON of the request, by which pydantic's locations are made those the caller wrote.
    """
    details = [_fault(error, sent) for one in invalid for error in one.errors(include_url=False)]
    first = details[0]
    return InvalidRequest(f"{first['param']} {first['message']}".strip(), param=first["param"], details=details)


def refuse_unstorable(value: Any, place: str) -> None:
    """Refuse values that Postgres cannot store: NUL and lone surrogates in text, infinity and NaN.

    Raises:
        InvalidRequest: names the field.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            inside = f"{place}.{name}" if place else name
            refuse_unstorable(name, inside)
            refuse_unstorable(inner, inside)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            refuse_unstorable(inner, f"{place}.{position}")
    elif isinstance(value, str) and not _is_storable(value):
        param = place.encode(errors="replace").decode().replace("\x00", "?")
        raise InvalidRequest(f"{param} has a character that cannot be stored (NUL, or half a pair)", param=param)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{place} is infinite or not a number; send a finite number", param=place)


def is_database_away(failure: Exception) -> bool:
    """Whether the database cannot be reached or cannot write now, so that the same request may succeed later."""
    is_away = isinstance(failure, DATABASE_GONE) or getattr(failure, "connection_invalidated", False)
    return bool(is_away) or getattr(getattr(failure, "orig", None), "sqlstate", None) in writability.CANNOT_WRITE


def kind_of(failure: Exception) -> str:
    """The class of a failure for the log; of a database error that of the driver's."""
    return type(failure.orig if isinstance(failure, DBAPIError) else failure).__name__


def loggable(failure: Exception) -> Exception | None:
    """What of a failure may be logged: not a database error, because its text contains values of rows."""
    return None if isinstance(failure, DBAPIError) else failure


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _fault(error: ErrorDetails, sent: Any) -> dict[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    place = [str(part) for part in _without_tags(error["loc"], sent)]
    if kind == "union_tag_invalid":
        place.append(str(context["discriminator"]).strip("'"))
        words = f"{str(context['tag'])[:LONGEST_SHOWN]!r} is unknown; use one of {context['expected_tags']}"
    elif kind == "union_tag_not_found":
        place.append(str(context["discriminator"]).strip("'"))
        words = "is required"
    elif kind == "string_too_short" and context.get("min_length") == 1:
        words = "is empty; give at least one character"
    else:
        words = MESSAGES.get(kind) or _shortened(error["msg"])
    return {"param": ".".join(place) or "body", "message": words[0].lower() + words[1:]}


def _shortened(message: str) -> str:
    """Pydantic's message without the type of the value; the value is not in it, because it may be a secret."""
    message = message.removeprefix("Value error, ")
    _, separator, rest = message.partition(" should ")
    return f"must {rest}" if separator else message


def _without_tags(place: tuple[int | str, ...], sent: Any) -> list[int | str]:
    """The location of a field as the caller wrote it, without the members of tagged unions that pydantic adds."""
    here: Any = sent
    parts: list[int | str] = []
    for part in place:
        if isinstance(here, dict) and here.get("type") == part and part not in here:
            continue
        parts.append(part)
        here = _inside(here, part)
    return parts


def _inside(value: Any, part: int | str) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None
