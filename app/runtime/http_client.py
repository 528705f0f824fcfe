"""HTTP client for a running Accrual, which uses only the standard library."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

from app.errors import Unavailable

TIMEOUT_SECONDS: Final = 30


def call(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Send a request; returns the status and the decoded JSON of the answer, or its text if it is not JSON.

    Raises:
        Unavailable: there is no answer from `url`, or it is not a web address.
    """
    if not url.startswith(("http://", "https://")):
        raise Unavailable(f"{url} is not a web address; it must begin with http:// or https://")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **(headers or {})}, method=method)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            return answer.status, _read(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, _read(refused.read())
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise Unavailable(f"no answer from {url} ({reason}). Is `accrual up` running there?") from None


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
