"""HTTP client for a running Accrual and for single questions to Stripe, which uses only the standard library."""

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, Final

from app.errors import CallFailed, Unavailable
from app.immutable import immutable

TIMEOUT_SECONDS: Final = 30.0


@immutable
class Answer:
    """An answer: its status, its decoded JSON (or its text if it is not JSON), and the server's time if it says it."""

    status: int
    content: Any
    dated_at: datetime | None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like others: following it would send the request's headers to another server."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirects())


def call(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Send a request to a running Accrual; returns the status and the content of the answer.

    Raises:
        Unavailable: there is no answer from `url`, or it is not a web address.
    """
    try:
        answer = send(method, url, body, headers)
    except CallFailed as failure:
        reason = failure.problem.get("error") or failure.problem.get("reason") or failure
        raise Unavailable(f"no answer from {url} ({reason}). Is `accrual up` running there?") from None
    return answer.status, answer.content


def send(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """Send a request; a redirect is not followed.

    Raises:
        Unavailable: `url` is not a web address.
        CallFailed: there is no answer: `host_not_found`, `certificate_refused`, `answer_timed_out`, `not_connected`.
    """
    if not url.startswith(("http://", "https://")):
        raise Unavailable(f"{url} is not a web address; it must begin with http:// or https://")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **(headers or {})}, method=method)  # noqa: S310 - checked above
    try:
        with _OPENER.open(request, timeout=timeout_seconds) as answer:
            return Answer(answer.status, _read(answer.read()), _dated_at(answer.headers))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, _read(refused.read()), _dated_at(refused.headers))
    except (OSError, http.client.HTTPException) as error:
        raise connection_problem(error) from None


def connection_problem(error: Exception) -> CallFailed:
    """Why a server could not be reached, as a code."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return CallFailed("certificate_refused", reason=reason.verify_message)
    if isinstance(reason, socket.gaierror):
        return CallFailed("host_not_found")
    if isinstance(reason, TimeoutError):
        return CallFailed("answer_timed_out")
    text = reason.strerror if isinstance(reason, OSError) else None
    return CallFailed("not_connected", error=text or type(reason).__name__)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _dated_at(headers: Message) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"] or "")
    except ValueError:
        return None
