"""`Idempotency-Key`: a repeated POST gets the first response and is not executed again."""

from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Final

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.errors import RateLimited, RequestError
from app.http.bodies import FORM
from app.http.surfaces import ViewResponse
from app.organizations import stored_responses
from app.organizations.stored_responses import HEADER
from app.views import to_json

REPLAYED: Final = "Idempotent-Replayed"


def once(caller: stored_responses.Requester, execute: Callable[[], ResponseReturnValue]) -> Response:
    """The stored response to this request; else the response of `execute`, which is then stored.

    Successes and refusals are both stored. A failure (5xx) or an exceeded limit (429) raises: then nothing has happened
    and nothing is stored.

    Raises:
        Conflict: `idempotency_conflict`: the key was used before with another body.
        InvalidRequest: the key does not have 1 to 255 visible ASCII characters.
    """
    identity = stored_responses.identify(caller, request.path, request.headers[HEADER], _body())
    answer = stored_responses.once(caller, identity, partial(_executed, execute), _stored_form)
    return answer if isinstance(answer, Response) else _repeated(answer)


def _executed(execute: Callable[[], ResponseReturnValue]) -> Response:
    try:
        return current_app.make_response(execute())
    except (RequestError, HTTPException) as refusal:
        if isinstance(refusal, RateLimited) or (isinstance(refusal, HTTPException) and (refusal.code or 500) >= 500):
            raise
        return current_app.make_response(current_app.handle_user_exception(refusal))


def _repeated(first: stored_responses.StoredResponse) -> Response:
    return Response(first.response, status=first.status, mimetype="application/json", headers={REPLAYED: "true"})


def _stored_form(response: Response) -> tuple[int, str]:
    """The status of a response, and its text without secrets."""
    if isinstance(response, ViewResponse):
        return response.status_code, to_json(response.view, is_stored=True)
    return response.status_code, response.get_data(as_text=True)


def _body() -> bytes:
    """A digest of query and body.

    JSON that differs only in spaces and the order of fields has the same digest; so have forms with the same fields and
    files, whatever is between their parts.
    """
    if request.mimetype == FORM:
        return stored_responses.digest(request.query_string.decode("latin-1"), *_parts())
    return stored_responses.json_digest(request.query_string.decode("latin-1"), request.get_data(cache=True))


def _parts() -> Iterator[str]:
    for name, value in sorted(request.form.items(multi=True)):
        yield from (name, value)
    for name, file in sorted(request.files.items(multi=True), key=itemgetter(0)):
        content = file.read()
        file.seek(0)
        yield from (name, content.decode("latin-1"))
