"""Error responses: the status and body of every exception, the same for all surfaces."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NoReturn

import structlog
from flask import Flask, Response, current_app, jsonify, request
from gunicorn.http.errors import NoMoreData, ParseException
from pydantic import ConfigDict, Field, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from app import refusals
from app.errors import LONGEST_SHOWN, InvalidRequest, NotFound, ReferralFailed, RequestError, TooLarge, Unavailable
from app.http.bodies import FORM_NEEDED
from app.views import Documented

HTTP_CODES: Final[Mapping[int, str]] = {
    404: NotFound.code,
    405: "method_not_allowed",
    413: TooLarge.code,
    415: "unsupported_media_type",
}
"""Codes for refusals by Flask itself; other refusals by Flask are malformed requests."""
JSON_NEEDED: Final = "send JSON: `Content-Type: application/json`"
PAGE_PATHS: Final = ("/console", "/portal", "/apply", "/login", "/logout", "/language", "/join", "/confirm")
"""Below them an error is a page for people."""
PAGE: Final = "accrual_error_page"
"""The extension that makes an error page of a status and a message."""
CLIENT_PATHS: Final = "/client/"
"""Below it error codes are upper case, and errors have a code and a message only."""

log = structlog.get_logger(__name__)


class Fault(Documented):
    """A wrong field."""

    param: str = Field(examples=["slug"])
    message: str = Field(examples=["is required"])


class ErrorDescription(Documented):
    """What is wrong: a code for programs and a message for people."""

    code: str = Field(examples=["invalid_request"])
    message: str = Field(examples=["slug is required"])
    param: str | None = Field(default=None, description="The first wrong field.", examples=["slug"])
    details: list[Fault] | None = Field(default=None, description="All wrong fields.")


class ErrorBody(Documented):
    """The body of every error response."""

    model_config = ConfigDict(title="Error")

    error: ErrorDescription


class ClientErrorDescription(Documented):
    """What is wrong: a code for programs and a message for people."""

    code: str = Field(examples=["ALREADY_CLAIMED"])
    message: str = Field(examples=["you have claimed this code before"])


class ClientErrorBody(Documented):
    """The body of every error response below `/client`."""

    model_config = ConfigDict(title="ClientError")

    error: ClientErrorDescription


def render(
    status: int, code: str, message: str, *, param: str | None = None, details: list[dict[str, str]] | None = None
) -> Response:
    """An error response."""
    description: dict[str, Any] = {"code": code, "message": message, "param": param}
    if details:
        description["details"] = details
    if request.path.startswith(PAGE_PATHS):
        page: Response = current_app.extensions[PAGE](status, message)
        return page
    if request.path.startswith(CLIENT_PATHS):
        description = {"code": code.upper(), "message": message}
    response = jsonify(error=description)
    response.status_code = status
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refuse_invalid(invalid: ValidationError) -> NoReturn:
    """Convert pydantic's validation error into ours; flask-openapi3 calls this for every invalid request.

    Raises:
        InvalidRequest: always; its param is the first wrong field, its details are all of them.
    """
    raise refusals.of_invalid(invalid, sent=request.get_json(silent=True) if request.is_json else None)


def install(app: Flask) -> None:
    """Register handlers that return an `ErrorBody` for every exception of a request."""
    app.register_error_handler(RequestError, _refused)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(ReferralFailed, _referral_failed)
    app.register_error_handler(HTTPException, _refused_by_flask)
    for unreadable in (ParseException, NoMoreData):  # raised where a body is read
        app.register_error_handler(unreadable, _unreadable)
    app.register_error_handler(DBAPIError, _database_failed)
    app.register_error_handler(PoolTimeoutError, _database_failed)
    app.register_error_handler(Exception, _failed)


def log_failure(failure: Exception) -> None:
    """Log what failed in this request; of a database error only its class, because its text contains values of rows."""
    log.error("request_failed", kind=refusals.kind_of(failure), exc_info=refusals.loggable(failure))


def _refused(refusal: RequestError) -> Response:
    return render(
        refusals.status_of(refusal), refusal.code, refusal.message, param=refusal.param, details=refusal.details
    )


def _unavailable(problem: Unavailable) -> Response:
    return render(503, Unavailable.code, str(problem) or "Something needed is not available now; try again.")


def _referral_failed(failure: ReferralFailed) -> Response:
    log.error("referral_failed", code=failure.code, reason=failure.reason)
    return render(500, failure.code, str(failure))


def _refused_by_flask(refusal: HTTPException) -> Response:
    status = refusal.code or 500
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return render(status, "internal_error", refusals.INTERNAL_ERROR)
    response = render(status, HTTP_CODES.get(status, "bad_request"), _message_for(refusal))
    for name, value in refusal.get_headers(request.environ):
        if name == "Allow":
            response.headers[name] = value
    return response


def _unreadable(_failure: Exception) -> Response:
    message = "the body is cut off, or its chunks are malformed; send it again, with a Content-Length"
    return render(HTTPStatus.BAD_REQUEST, InvalidRequest.code, message)


def _message_for(refusal: HTTPException) -> str:
    """The message for a refusal by Flask, with the wrong path, method or type, and what to do."""
    path = repr(request.path[:LONGEST_SHOWN])
    if refusal.code == HTTPStatus.NOT_FOUND:
        return f"there is nothing at {path}; /docs lists every path"
    if refusal.code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = sorted({*(getattr(refusal, "valid_methods", None) or ())} - {"HEAD", "OPTIONS"})
        return f"{path} does not take {request.method}; use {' or '.join(allowed) or 'another method'}"
    if refusal.code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        sent = request.content_type
        said = f"is {sent[:LONGEST_SHOWN]!r}" if sent else "is missing"
        needed = FORM_NEEDED if refusal.description == FORM_NEEDED else JSON_NEEDED
        return f"the Content-Type {said}; {needed}"
    if refusal.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        most = (request.max_content_length or 0) // 1024**2
        return f"the body is too large; send at most {most} MB"
    return refusal.description or HTTPStatus(refusal.code or 500).phrase


def _database_failed(failure: DBAPIError | PoolTimeoutError) -> Response:
    """A 503 if the database is unreachable, else a 500. Its message is not used: it may contain values of rows."""
    if not refusals.is_database_away(failure):
        return _failed(failure)
    log.warning("database_unavailable", kind=type(getattr(failure, "orig", failure)).__name__)
    return render(503, Unavailable.code, refusals.DATABASE_AWAY)


def _failed(failure: Exception) -> Response:
    log_failure(failure)
    return render(500, "internal_error", refusals.INTERNAL_ERROR)
