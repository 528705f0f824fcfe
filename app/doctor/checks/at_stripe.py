"""Asks Stripe, if there is an API key, whether its endpoint exists, is enabled and sends every event type we read."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.config import Settings
from app.doctor import clocks
from app.doctor.checks import endpoints
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.errors import CallFailed, ConfigurationError
from app.immutable import immutable
from app.runtime import http_client
from app.stripe_events.endpoints import event_types
from app.stripe_sync import api_keys

TIMEOUT_SECONDS: Final = 5.0
PATH: Final = "/v1/webhook_endpoints?limit=100"
"""The list; an account has at most 16 endpoints."""

_PAYS_THROUGH_STRIPE: Final = text("SELECT EXISTS (SELECT FROM connected_accounts WHERE organization_id = :owner)")


@immutable
class StripeAccount:
    """A Stripe account to ask: its key, and the addresses of our endpoints by their ids."""

    key: str
    urls: Mapping[str, frozenset[str]]
    pays_through_stripe: bool


def check(examined: Examined, endpoint_id: str | None = None) -> Iterator[Finding]:
    """What Stripe says about the endpoints of each merchant and mode, or about one endpoint, `whe_…`.

    Without an API key nothing is asked.
    """
    try:
        with examined.reading() as session:
            accounts = _accounts(session, examined.settings)
    except OperationalError:
        return  # reported by the check of the database
    for account in accounts:
        if endpoint_id is None:
            yield from _ask(account, examined.settings)
        elif endpoint_id in account.urls:
            own = dataclasses.replace(account, urls={endpoint_id: account.urls[endpoint_id]})
            yield from _ask(own, examined.settings)


def _accounts(session: Session, settings: Settings) -> list[StripeAccount]:
    in_use = endpoints.in_use(session)
    default_ids = {endpoint.id for endpoint in in_use if endpoint.is_default}
    accounts = []
    for owner, livemode in sorted({(endpoint.organization_id, endpoint.livemode) for endpoint in in_use}):
        try:
            key = api_keys.find(session, owner, livemode=livemode)
        except ConfigurationError:
            continue  # reported by the check of the endpoints
        if key is None:
            continue
        urls = {}
        for endpoint in in_use:
            if (endpoint.organization_id, endpoint.livemode) == (owner, livemode):
                own_id, address = endpoints.public_id(endpoint), f"{settings.public_url}/webhooks/stripe"
                urls[own_id] = frozenset({f"{address}/{own_id}", *([address] if endpoint.id in default_ids else [])})
        pays = bool(session.scalar(_PAYS_THROUGH_STRIPE, {"owner": owner}))
        accounts.append(StripeAccount(key.get_secret_value(), urls, pays))
    return accounts


def _ask(account: StripeAccount, settings: Settings) -> Iterator[Finding]:
    headers = {"Authorization": f"Bearer {account.key}", "Stripe-Version": event_types.API_VERSION}
    own_id = min(account.urls)
    try:
        url = f"{settings.stripe_api_base}{PATH}"
        answer = http_client.send("GET", url, headers=headers, timeout_seconds=TIMEOUT_SECONDS)
    except CallFailed as failure:
        yield found("stripe_not_asked", endpoint=own_id, problem=failure.problem)
        return
    yield from clocks.difference("stripe", answer.dated_at, datetime.now(UTC))
    if answer.status != 200 or not isinstance(answer.content, Mapping):
        yield found("stripe_not_asked", endpoint=own_id, problem=_refusal(answer.status))
        return
    yield from _compare(account, answer.content.get("data") or [])


def _refusal(status: int) -> dict[str, Any]:
    if status == 401:
        return {"problem": "stripe_key_unknown"}
    if status == 403:
        return {"problem": "stripe_permission_missing", "permission": "rak_webhook_read"}
    return {"problem": "stripe_failed", "status": status}


def _compare(account: StripeAccount, theirs: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Findings about Stripe's endpoints with our addresses.

    An endpoint that this account does not have may be another account's, so only an account with none is reported.
    """
    matching = {own: [one for one in theirs if one.get("url") in urls] for own, urls in account.urls.items()}
    if not any(matching.values()):
        own_id = min(account.urls)
        yield found("stripe_endpoint_unknown", endpoint=own_id, url=max(account.urls[own_id], key=len))
    for own_id, ones in matching.items():
        enabled = [one for one in ones if one.get("status") == "enabled"]
        if ones and not enabled:
            yield found("stripe_endpoint_disabled", endpoint=own_id, stripe_endpoint=str(ones[0].get("id")))
        if enabled:
            yield from _types(own_id, enabled, pays_through_stripe=account.pays_through_stripe)
        yield from _versions(own_id, enabled)


def _types(own_id: str, enabled: Iterable[Mapping[str, Any]], *, pays_through_stripe: bool) -> Iterator[Finding]:
    """An endpoint for connected accounts has an `application`; it gets their events and none of the own account."""
    sent: dict[bool, set[str]] = {False: set(), True: set()}
    for one in enabled:
        sent[bool(one.get("application"))] |= set(one.get("enabled_events") or ())
    needed = [*event_types.PAYMENTS, *(event_types.TRANSFERS if pays_through_stripe else ())]
    missing = [name for name in needed if not {name, event_types.ALL} & sent[False]] if sent[False] else []
    if pays_through_stripe and sent[True]:
        missing += [name for name in event_types.ACCOUNTS if not {name, event_types.ALL} & sent[True]]
    if missing:
        yield found("event_types_missing", endpoint=own_id, types=tuple(missing))


def _versions(own_id: str, enabled: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in enabled:
        version = str(one.get("api_version") or "")
        if version > event_types.API_VERSION:
            yield found("api_version_newer", endpoint=own_id, version=version, tested=event_types.API_VERSION)
