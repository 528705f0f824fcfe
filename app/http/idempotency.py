"""`Idempotency-Key`: a repeated POST gets the first response and is not executed again."""

import json
import re
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Final

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app import db, jobs
from app.errors import Conflict, InvalidRequest, RateLimited, RequestError
from app.http.bodies import FORM
from app.http.surfaces import ViewResponse
from app.organizations import stored_responses
from app.organizations.permissions import Caller
from app.views import to_json

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
USABLE: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


def once(caller: Caller, execute: Callable[[], ResponseReturnValue]) -> Response:
    """The stored response to this request; else the response of `execute`, which is then stored.

    Successes and refusals are both stored. A failure (5xx) or an exceeded limit (429) raises: then nothing has happened
    and nothing is stored. Jobs are woken after the commit.

    Args:
        caller: the caller; responses stored for another key are never used, so live and test stay separate.
        execute: executes the request; transactions that it opens by `stored_responses.transaction` join the one opened
            here.

    Raises:
        Conflict: `idempotency_conflict`: the key was used before with another body.
        InvalidRequest: the key does not have 1 to 255 visible ASCII characters.
    """
    digest = stored_responses.digest(str(caller.key_id), request.path, _key())
    identity = stored_responses.RequestIdentity(caller.organization_ids[0], caller.livemode, digest, _body())
    with jobs.wakes_delayed(), db.web_transaction() as session:
        db.narrow_to_organizations(session, caller.organization_ids, livemode=caller.livemode)
        stored_responses.lock_key(session, identity)
        first = stored_responses.load_response(session, identity)
        if first is not None:
            return _repeated(first, identity)
        with stored_responses.joining(session):
            response = _executed(execute)
        # The route may have narrowed the session to other organizations.
        db.narrow_to_organizations(session, caller.organization_ids, livemode=caller.livemode)
        stored_responses.insert_response(
            session, identity, status=response.status_code, response=_without_secrets(response)
        )
        return response


def _executed(execute: Callable[[], ResponseReturnValue]) -> Response:
    try:
        return current_app.make_response(execute())
    except (RequestError, HTTPException) as refusal:
        if isinstance(refusal, RateLimited) or (isinstance(refusal, HTTPException) and (refusal.code or 500) >= 500):
            raise
        return current_app.make_response(current_app.handle_user_exception(refusal))


def _repeated(first: stored_responses.StoredResponse, identity: stored_responses.RequestIdentity) -> Response:
    if first.body != identity.body:
        raise Conflict(
            f"{HEADER} was used before with another request; use a new key", code="idempotency_conflict", param=HEADER
        )
    return Response(first.response, status=first.status, mimetype="application/json", headers={REPLAYED: "true"})


def _without_secrets(response: Response) -> str:
    return (
        to_json(response.view, is_stored=True)
        if isinstance(response, ViewResponse)
        else response.get_data(as_text=True)
    )


def _key() -> str:
    key = request.headers[HEADER]
    if not USABLE.fullmatch(key):
        raise InvalidRequest(f"{HEADER} must have 1 to 255 visible ASCII characters", param=HEADER)
    return key


def _body() -> bytes:
    """A digest of query and body.

    JSON that differs only in spaces and the order of fields has the same digest; so have forms with the same fields and
    files, whatever is between their parts.
    """
    if request.mimetype == FORM:
        return stored_responses.digest(request.query_string.decode("latin-1"), *_parts())
    body = request.get_data(cache=True)
    try:
        text = json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        text = body.decode("latin-1")
    return stored_responses.digest(request.query_string.decode("latin-1"), text)


def _parts() -> Iterator[str]:
    for name, value in sorted(request.form.items(multi=True)):
        yield from (name, value)
    for name, file in sorted(request.files.items(multi=True), key=itemgetter(0)):
        content = file.read()
        file.seek(0)
        yield from (name, content.decode("latin-1"))
