"""Checks of a request's body, text and headers, which run before any model validates them; the language it asks for."""

import re
from typing import Annotated, Final

from babel import negotiate_locale
from flask import request
from flask_openapi3 import FileStorage
from pydantic import AfterValidator
from werkzeug.datastructures import FileStorage as Uploaded
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.errors import InvalidRequest
from app.refusals import refuse_unstorable
from app.sentences import catalogue
from app.sentences.catalogue import Catalogue

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
FORM: Final = "multipart/form-data"
FORM_NEEDED: Final = "send a form with a file, as `curl -F file=@FILE` does"
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that a header's value must not have. A tab is allowed, and so are the bytes of other alphabets, which look
like the control characters above U+007F. Source: RFC 9110, 5.5."""


def _uploaded(value: object) -> object:
    if not isinstance(value, Uploaded):
        raise ValueError("must be a file; with curl: `-F file=@FILE`")  # noqa: TRY004 - pydantic reports this one
    return value


UploadedFile = Annotated[FileStorage, AfterValidator(_uploaded)]
"""A file of a form, in a request model."""


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
        refuse_unstorable(value, name)
    if has_form:
        if request.mimetype != FORM:
            raise UnsupportedMediaType(FORM_NEEDED)
        refuse_unstorable(request.form.to_dict(), "")
        return
    if request.method not in BODY_METHODS or not (request.content_length or request.get_data(cache=True)):
        return
    try:
        body = request.get_json()
        refuse_unstorable(body, "")
    except (BadRequest, RecursionError):
        raise InvalidRequest("the body is not JSON, or is nested too deep; send a JSON object") from None
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")


def check_page() -> None:
    """As `check_request`, for a page: its address, and the fields of its form. Raises InvalidRequest."""
    for name, value in request.headers:
        _refuse_control(name, value)
    for name, value in (*(request.view_args or {}).items(), *request.args.items(), *request.form.items()):
        refuse_unstorable(value, name)


def requested_language() -> Catalogue:
    """The language of the response's sentences: the best of `Accept-Language` with a catalogue, else the default.

    The case of a tag has no meaning (RFC 9110, 8.5.1), so `DE` is `de`.
    """
    available = {language.lower(): language for language in catalogue.available()}
    tags = [tag.lower() for tag, quality in request.accept_languages if quality > 0]
    best = negotiate_locale(tags, available, sep="-")
    return catalogue.current() if best is None else catalogue.named(available[best.lower()])


def _refuse_control(header: str, value: str) -> None:
    control = CONTROL.search(value)
    if control is not None:
        raise InvalidRequest(
            f"the header {header} has the control character U+{ord(control[0]):04X}; send visible characters",
            param=header,
        )
