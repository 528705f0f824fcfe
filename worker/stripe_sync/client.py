"""Client of Stripe's API: reads with retries, and writes once. Never use it inside a transaction."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import stripe
from pydantic import SecretStr

from app import backoff
from app.errors import StripeForbidden, StripeMissing, StripeRateLimited, StripeRefused, StripeUnavailable
from app.immutable import immutable
from app.stripe_events.endpoints.event_types import API_VERSION

TIMEOUT_SECONDS: Final = 20
"""Timeout for connecting and between two bytes; the library's default is 80."""
TRIES: Final = 5
FIRST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 30.0
PAGE_SIZE: Final = 100
_ID: Final = re.compile(r"\w{1,255}", re.ASCII)
_CODE: Final = re.compile(r"[a-z_]{1,60}")
_PERMISSION: Final = re.compile(r"rak_[a-z_]{1,60}")

Params = Mapping[str, Any]
Wait = Callable[[float], object]


@immutable
class StripeResponse:
    """A response of Stripe: a document, and when it was fetched, by Stripe's clock."""

    document: Mapping[str, Any]
    fetched_at: datetime


def client(key: SecretStr, *, base: str, account: str = "") -> stripe.StripeClient:
    """A client for an account; `account` is the `acct_…` of a connected one. It does not retry; `get` does."""
    return stripe.StripeClient(
        key.get_secret_value(),
        stripe_account=account or None,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


def get(
    stripe_client: stripe.StripeClient,
    path: str,
    params: Params | None = None,
    *,
    tries: int = TRIES,
    wait: Wait = time.sleep,
) -> StripeResponse:
    """Stripe's response for `path`; retries while Stripe is unreachable or limits the rate.

    Args:
        stripe_client: made by `client`.
        path: such as `/v1/invoices/in_1Pg`, made by `object_path`.
        params: the query parameters.
        tries: the maximum number of tries.
        wait: called with the seconds to wait between two tries.

    Raises:
        StripeUnavailable: all tries failed; StripeRateLimited if Stripe limits the rate.
        StripeForbidden: the key is unknown, or may not read this.
        StripeMissing: the object does not exist.
        StripeRefused: Stripe refused the request as invalid.
    """
    for tried in range(1, tries + 1):
        try:
            return _send(stripe_client, path, params or {})
        except StripeUnavailable as problem:
            if tried == tries:
                raise
            wait(_wait_seconds(tried, problem.retry_after_seconds))
    raise AssertionError("the last try returns or raises")


def pages(
    stripe_client: stripe.StripeClient,
    path: str,
    params: Params | None = None,
    *,
    tries: int = TRIES,
    wait: Wait = time.sleep,
) -> Iterator[StripeResponse]:
    """The pages of a list, each a list object, from the beginning or after `starting_after` of `params`.

    Raises as `get` does.
    """
    query = {"limit": PAGE_SIZE, **(params or {})}
    while True:
        answer = get(stripe_client, path, query, tries=tries, wait=wait)
        yield answer
        if not answer.document.get("has_more") or not answer.document["data"]:
            return
        query["starting_after"] = answer.document["data"][-1]["id"]


def object_path(collection: str, object_id: str) -> str:
    """The path of an object, `/v1/invoices/in_1Pg`. Raises StripeMissing if `object_id` cannot be an id of Stripe."""
    if not _ID.fullmatch(object_id):
        raise StripeMissing("stripe_impossible_id")
    return f"{collection}/{object_id}"


def post(stripe_client: stripe.StripeClient, path: str, params: Params, *, idempotency_key: str) -> StripeResponse:
    """Stripe's response to a write, which is sent once.

    Raises:
        StripeUnavailable: it is not known whether Stripe did it. Sent again with the same key, it is not done twice.
        StripeForbidden, StripeMissing, StripeRefused: Stripe refused it and did nothing; `stripe_refused_because` has
            the `stripe_code` of Stripe's error.
    """
    return _send(stripe_client, path, {**params, "idempotency_key": idempotency_key}, method="post")


def _send(stripe_client: stripe.StripeClient, path: str, params: Params, *, method: str = "get") -> StripeResponse:
    began_at = datetime.now(UTC)
    try:
        response = stripe_client.raw_request(method, path, **params)
    except stripe.IdempotencyError:
        raise StripeUnavailable("stripe_key_in_use") from None
    except stripe.StripeError as error:
        raise _problem(error) from None  # the text of Stripe's error may contain our request
    if not isinstance(response.data, dict):
        raise StripeUnavailable("stripe_not_json")
    return StripeResponse(response.data, _answered_at(response.headers) or began_at)


def _problem(error: stripe.StripeError) -> Exception:
    """The failure as an exception of `app.errors`, without any data of the request."""
    status = error.http_status
    if isinstance(error, stripe.RateLimitError):
        seconds = _seconds((error.headers or {}).get("Retry-After"))
        return StripeRateLimited("stripe_rate_limit", retry_after_seconds=seconds)
    if isinstance(error, stripe.AuthenticationError):
        return StripeForbidden("stripe_key_unknown")
    if isinstance(error, stripe.PermissionError):
        lacking = _PERMISSION.search(error.user_message or "")
        if lacking:
            return StripeForbidden("stripe_permission_missing", permission=lacking[0])
        return StripeForbidden("stripe_not_permitted")
    if status == 404:
        return StripeMissing("stripe_missing")
    if status is not None and 400 <= status < 500 and status != 409:
        code = error.code or ""
        if _CODE.fullmatch(code):
            return StripeRefused("stripe_refused_because", status=status, stripe_code=code)
        return StripeRefused("stripe_refused", status=status)
    return StripeUnavailable("stripe_failed", status=status) if status else StripeUnavailable("stripe_unreachable")


def _wait_seconds(tried: int, retry_after_seconds: float | None) -> float:
    """The time before the next try: Stripe's Retry-After, else 0.5 s doubling, with jitter."""
    if retry_after_seconds is not None:
        return min(retry_after_seconds, LONGEST_WAIT_SECONDS)
    wait_seconds = backoff.seconds(tried, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
    return wait_seconds * random.uniform(0.5, 1)  # noqa: S311 - not a secret


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _answered_at(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None
