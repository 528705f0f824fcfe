"""The execution of a call: permission, limits, idempotency and errors, each the same as of the tool's twin in REST."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import structlog

from app import ids, refusals
from app.errors import RateLimited, RequestError, Unauthenticated, Unavailable
from app.mcp import answers, operations
from app.mcp.answers import Answer
from app.mcp.calls import KEY_NEEDED, Call
from app.mcp.operations import Arguments, Operation
from app.organizations import access, request_limits, stored_responses
from app.organizations.request_limits import LimitStatus
from app.partners.joining import signup

PUBLIC_LIMITS: Final = {"affiliate_signup": (signup.LIMIT, signup.PER_MINUTE)}
"""The limits of public tools: their names, which their twins count by too, and calls a minute for each address."""

log = structlog.get_logger(__name__)


def answer(operation: Operation, call: Call, sent: Mapping[str, Any]) -> Answer:
    """Execute a call and log how it ended. Never raises."""
    caller = call.sender.caller
    bound = {"request_id": call.sender.request_id}
    if caller is not None and caller.key_id is not None:
        bound["key_id"] = ids.encode(ids.API_KEY, caller.key_id)
    with structlog.contextvars.bound_contextvars(**bound):
        started_at = time.perf_counter()
        answered = _answer(operation, call, sent)
        duration_ms = round((time.perf_counter() - started_at) * 1000, 1)
        log.info("tool_called", tool=operation.name, status=answered.status, duration_ms=duration_ms)
        return answered


def _answer(operation: Operation, call: Call, sent: Mapping[str, Any]) -> Answer:
    try:
        _admit(operation, call)
        return _once(operation, call, operations.split(operation, sent))
    except RequestError as refusal:
        return answers.of_refusal(refusal)
    except Unavailable as problem:
        return answers.of_failure(503, Unavailable.code, str(problem))
    except Exception as failure:  # noqa: BLE001  (the edge: any failure is an answer)
        return of_failure(failure)


def of_failure(failure: Exception) -> Answer:
    """The answer to an unexpected failure, which is logged; its text is not in the answer."""
    if refusals.is_database_away(failure):
        log.warning("database_unavailable", kind=refusals.kind_of(failure))
        return answers.of_failure(503, Unavailable.code, refusals.DATABASE_AWAY)
    log.error("request_failed", kind=refusals.kind_of(failure), exc_info=refusals.loggable(failure))
    return answers.of_failure(500, "internal_error", refusals.INTERNAL_ERROR)


def _admit(operation: Operation, call: Call) -> None:
    """Count the call as its twin is counted, and check the permission.

    Raises:
        RateLimited: the limit of the key, its organization or the address is exceeded.
        Unauthenticated: the tool needs a key and there is none.
        Forbidden: the key does not have the permission.
    """
    if call.sender.problem is not None:
        raise call.sender.problem
    caller, address = call.sender.caller, f"address:{call.sender.address}"
    if operation.permission is None:
        name, per_minute = PUBLIC_LIMITS[operation.name]
        _refuse_exceeded(request_limits.count_as(name, address, per_minute=per_minute))
    elif caller is None:
        _refuse_exceeded(request_limits.count(address, is_write=operation.is_write))
        raise Unauthenticated(KEY_NEEDED)
    else:
        _refuse_exceeded(request_limits.count_caller(caller, is_write=operation.is_write))
        access.demand(caller, operation.permission)


def _refuse_exceeded(status: LimitStatus | None) -> None:
    if status is not None and status.is_exceeded:
        seconds = status.retry_after_seconds()
        raise RateLimited(f"more than {status.limit} such requests a minute; call again after {seconds} s")


def _once(operation: Operation, call: Call, arguments: Arguments) -> Answer:
    """The answer of the first call with this idempotency key; without a key, of this call."""
    if arguments.idempotency_key is None:
        return _execute(operation, call, arguments)
    identity = stored_responses.identify(
        call.caller, arguments.path(operation.rule), arguments.idempotency_key, _digest(operation, arguments)
    )
    answered = stored_responses.once(
        call.caller, identity, lambda: _executed(operation, call, arguments), lambda made: made.stored()
    )
    if isinstance(answered, Answer):
        return answered
    return Answer(answered.status, json.loads(answered.response))


def _executed(operation: Operation, call: Call, arguments: Arguments) -> Answer:
    """As `_execute`; a refusal is an answer too, so that it is stored, but for an exceeded limit."""
    try:
        return _execute(operation, call, arguments)
    except RateLimited:
        raise
    except RequestError as refusal:
        return answers.of_refusal(refusal)


def _execute(operation: Operation, call: Call, arguments: Arguments) -> Answer:
    return answers.of_view(operations.execute(operation, call, arguments), operation.status)


def _digest(operation: Operation, arguments: Arguments) -> bytes:
    """The digest of the twin's query and body."""
    sent = urlencode(arguments.by_part.get("query", {}))
    body = arguments.by_part.get("body", {})
    query = "&".join(filter(None, (operation.fixed_query, sent)))
    return stored_responses.json_digest(query, json.dumps(body) if body else "")
