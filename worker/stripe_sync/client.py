"""Asking Stripe: the one place that makes a client of its library. Only reading; never inside a transaction."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import stripe
from pydantic import SecretStr

from app.errors import StripeForbidden, StripeMissing, StripeRateLimited, StripeRefused, StripeUnavailable

API_VERSION: Final = "2026-10-28.endive"
"""The shape we ask in, whatever the account's own version is."""
TIMEOUT_SECONDS: Final = 20
"""For connecting, and between two bytes; the library's own is 80."""
TRIES: Final = 5
FIRST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 30.0
PAGE_SIZE: Final = 100
_ID: Final = re.compile(r"\w{1,255}", re.ASCII)
_PERMISSION: Final = re.compile(r"rak_[a-z_]{1,60}")

Params = Mapping[str, Any]
Wait = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Stripe answered: a document, and when it held, by Stripe's own clock."""

    document: Mapping[str, Any]
    fetched_at: datetime


def client(key: SecretStr, *, base: str, account: str = "") -> stripe.StripeClient:
    """A client for one account, `account` being a connected one's `acct_…`. It does not retry: `get` does."""
    return stripe.StripeClient(
        key.get_secret_value(),
        stripe_account=account or None,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


def get(
    asked: stripe.StripeClient, path: str, params: Params | None = None, *, tries: int = TRIES, wait: Wait = time.sleep
) -> Answer:
    """What stands at `path`, tried again while Stripe limits us or is away.

    Args:
        asked: whom to ask, with which key.
        path: such as `/v1/invoices/in_1Pg`; put together with `one`.
        params: the query.
        tries: how often at most.
        wait: takes the seconds to wait between two tries.

    Raises:
        StripeUnavailable: Stripe did not answer in all tries; StripeRateLimited, if it asked for patience.
        StripeForbidden: the key is not known, or may not read this.
        StripeMissing: there is no such object.
        StripeRefused: it says that the request is wrong.
    """
    for tried in range(1, tries + 1):
        try:
            return _ask(asked, path, params or {})
        except StripeUnavailable as problem:
            if tried == tries:
                raise
            wait(_wait_seconds(tried, problem.retry_after_seconds))
    raise AssertionError("a try ends the loop")


def pages(
    asked: stripe.StripeClient, path: str, params: Params | None = None, *, tries: int = TRIES, wait: Wait = time.sleep
) -> Iterator[Answer]:
    """The pages of a list, each a list object, from its beginning or from `starting_after` in `params`.

    Raises as `get` does.
    """
    wanted = {"limit": PAGE_SIZE, **(params or {})}
    while True:
        answer = get(asked, path, wanted, tries=tries, wait=wait)
        yield answer
        if not answer.document.get("has_more") or not answer.document["data"]:
            return
        wanted["starting_after"] = answer.document["data"][-1]["id"]


def one(collection: str, object_id: str) -> str:
    """The path of one object, `/v1/invoices/in_1Pg`. Raises StripeMissing for what can be no id of Stripe's."""
    if not _ID.fullmatch(object_id):
        raise StripeMissing("stripe_impossible_id")
    return f"{collection}/{object_id}"


def _ask(asked: stripe.StripeClient, path: str, params: Params) -> Answer:
    began_at = datetime.now(UTC)
    try:
        response = asked.raw_request("get", path, **params)
    except stripe.StripeError as error:
        raise _problem(error) from None  # its own text may repeat what we sent
    if not isinstance(response.data, dict):
        raise StripeUnavailable("stripe_not_json")
    return Answer(response.data, _answered_at(response.headers) or began_at)


def _problem(error: stripe.StripeError) -> Exception:
    """The failure as one of ours, which holds nothing of the request."""
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
        return StripeRefused("stripe_refused", status=status)
    return StripeUnavailable("stripe_failed", status=status) if status else StripeUnavailable("stripe_unreachable")


def _wait_seconds(tried: int, told_seconds: float | None) -> float:
    """How long before the next try: what Stripe says, else 0.5 s doubling, a part of it by chance."""
    if told_seconds is not None:
        return min(told_seconds, LONGEST_WAIT_SECONDS)
    wait_seconds = FIRST_WAIT_SECONDS * 2.0 ** (tried - 1)
    return float(min(wait_seconds, LONGEST_WAIT_SECONDS) * random.uniform(0.5, 1))  # noqa: S311 - not a secret


def _seconds(told: str | None) -> float | None:
    return float(told) if told is not None and told.isascii() and told.isdigit() else None


def _answered_at(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None
