"""How every refusal and every failure is told: one table of statuses, one shape of body, for all surfaces."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from flask import Flask, Response, jsonify, request
from pydantic import ConfigDict, Field, ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from app import db
from app.api.shapes import Documented
from app.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    InvalidSignature,
    NotFound,
    RateLimited,
    RequestError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

STATUSES: Final[Mapping[type[RequestError], int]] = {
    InvalidRequest: 400,
    InvalidSignature: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    RateLimited: 429,
}
HTTP_CODES: Final[Mapping[int, str]] = {
    404: NotFound.code,
    405: "method_not_allowed",
    413: TooLarge.code,
    415: "unsupported_media_type",
}
"""Words for what Flask itself refuses; anything else it refuses is a malformed request."""
MESSAGES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "string_unicode": "must be valid text",
    "model_type": "must be a JSON object",
}
DATABASE_GONE: Final = (OperationalError, InterfaceError, PoolTimeoutError)

log = structlog.get_logger(__name__)


class Fault(Documented):
    """One field at fault."""

    param: str = Field(examples=["slug"])
    message: str = Field(examples=["is required"])


class ErrorDescription(Documented):
    """What was wrong: a word for programs, a sentence for people."""

    code: str = Field(examples=["invalid_request"])
    message: str = Field(examples=["slug is required"])
    param: str | None = Field(default=None, description="The first field at fault.", examples=["slug"])
    details: list[Fault] | None = Field(default=None, description="Every field at fault.")


class ErrorBody(Documented):
    """The body of every answer that is no success."""

    model_config = ConfigDict(title="Error")

    error: ErrorDescription


def render(
    status: int, code: str, message: str, *, param: str | None = None, details: list[dict[str, str]] | None = None
) -> Response:
    """An error answer."""
    description: dict[str, Any] = {"code": code, "message": message, "param": param}
    if details:
        description["details"] = details
    response = jsonify(error=description)
    response.status_code = status
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refuse_invalid(invalid: ValidationError) -> Response:
    """Turn what pydantic found into our refusal; flask-openapi3 calls this with every invalid request.

    Raises:
        InvalidRequest: always; the first fault is its param, all are its details.
    """
    details = [_fault(error["loc"], error["type"], error["msg"]) for error in invalid.errors(include_url=False)]
    first = details[0]
    raise InvalidRequest(f"{first['param']} {first['message']}".strip(), param=first["param"], details=details)


def install(app: Flask) -> None:
    """Answer every exception of a request in our shape."""
    app.register_error_handler(RequestError, _refused)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(HTTPException, _refused_by_flask)
    app.register_error_handler(DBAPIError, _database_failed)
    app.register_error_handler(PoolTimeoutError, _database_failed)
    app.register_error_handler(Exception, _failed)


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> dict[str, str]:
    named = ".".join(str(part) for part in _without_tags(place)) or "body"
    words = MESSAGES.get(kind) or message.removeprefix("Value error, ").removeprefix("Input ")
    return {"param": named, "message": words[0].lower() + words[1:]}


def _without_tags(place: tuple[int | str, ...]) -> list[int | str]:
    """The place as the caller wrote it: pydantic also names which member of a tagged union it tried."""
    here: Any = request.get_json(silent=True) if request.is_json else None
    kept: list[int | str] = []
    for part in place:
        if isinstance(here, dict) and here.get("type") == part and part not in here:
            continue
        kept.append(part)
        here = _inside(here, part)
    return kept


def _inside(value: Any, part: int | str) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _refused(refusal: RequestError) -> Response:
    status = next(status for kind, status in STATUSES.items() if isinstance(refusal, kind))
    return render(status, refusal.code, refusal.message, param=refusal.param, details=refusal.details)


def _unavailable(problem: Unavailable) -> Response:
    return render(503, Unavailable.code, str(problem) or "Something needed is not there now; try again.")


def _refused_by_flask(refusal: HTTPException) -> Response:
    status = refusal.code or 500
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return render(status, "internal_error", "Something went wrong on our side.")
    response = render(status, HTTP_CODES.get(status, "bad_request"), refusal.description or HTTPStatus(status).phrase)
    for name, value in refusal.get_headers(request.environ):
        if name == "Allow":
            response.headers[name] = value
    return response


def _database_failed(failure: DBAPIError | PoolTimeoutError) -> Response:
    """503 if the database is not there, else 500; its words may hold values of rows, so they go nowhere."""
    is_gone = isinstance(failure, DATABASE_GONE) or getattr(failure, "connection_invalidated", False)
    is_gone = is_gone or getattr(getattr(failure, "orig", None), "sqlstate", None) in db.CANNOT_WRITE
    if not is_gone:
        return _failed(failure)
    log.warning("database_unavailable", kind=type(getattr(failure, "orig", failure)).__name__)
    return render(503, Unavailable.code, "The database cannot be reached; try again.")


def _failed(failure: Exception) -> Response:
    # A database error's text repeats the row it was about, so only its kind and place are logged.
    has_values = isinstance(failure, DBAPIError)
    kind = type(failure.orig if isinstance(failure, DBAPIError) else failure).__name__
    log.error("request_failed", kind=kind, exc_info=None if has_values else failure)
    return render(500, "internal_error", "Something went wrong on our side.")
