"""Webhook endpoints as stored here: their secrets and modes, and the events that came through them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from app import ids, sealing
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found
from app.errors import ConfigurationError
from app.organizations.models import Organization
from app.stripe_events.endpoints import rows, signing
from app.stripe_events.endpoints.event_types import API_VERSION
from app.stripe_events.models import StripeEndpoint

NEWEST: Final = 5_000
"""How many of the newest events are read to find what came through each endpoint."""
QUIET_AFTER: Final = timedelta(days=7)
RECENT: Final = timedelta(days=7)

_DELIVERED = text("""
    SELECT endpoint_id, max(received_at) AS last_at, max(api_version) AS api_version,
           count(*) FILTER (WHERE is_wrong_mode AND received_at > :recent) AS wrong_mode
    FROM (SELECT endpoint_id, received_at, api_version, is_wrong_mode FROM stripe_events ORDER BY id DESC LIMIT :newest)
        AS newest
    WHERE endpoint_id IS NOT NULL GROUP BY endpoint_id
""")


def in_use(session: Session) -> list[StripeEndpoint]:
    """The endpoints that are not disabled, oldest first, as far as the transaction sees them."""
    return list(session.scalars(select(StripeEndpoint).where(StripeEndpoint.disabled_at.is_(None)).order_by("id")))


def check(session: Session, examined: Examined) -> Iterator[Finding]:
    """Merchants without an endpoint, secrets that are missing or unreadable, wrong modes, endpoints without events."""
    endpoints = in_use(session)
    yield from _merchants_without(session, endpoints)
    yield from _default_endpoint(session, examined)
    yield from _each(session, examined, endpoints)


def check_one(examined: Examined, endpoint_id: str) -> Iterator[Finding]:
    """What is wrong with the endpoint with this id, `whe_…`, unless it is disabled."""
    with examined.reading() as session:
        own = [endpoint for endpoint in in_use(session) if public_id(endpoint) == endpoint_id]
        yield from _each(session, examined, own)


def _each(session: Session, examined: Examined, endpoints: Sequence[StripeEndpoint]) -> Iterator[Finding]:
    values = {"newest": NEWEST, "recent": examined.now - RECENT}
    delivered = {row["endpoint_id"]: row for row in session.execute(_DELIVERED, values).mappings()}
    with_live = {endpoint.organization_id for endpoint in endpoints if endpoint.livemode}
    for endpoint in endpoints:
        yield from _secrets(endpoint, examined)
        if endpoint.livemode or endpoint.organization_id not in with_live:
            yield from _events(endpoint, delivered.get(endpoint.id), examined.now)


def public_id(endpoint: StripeEndpoint) -> str:
    """The endpoint's id, `whe_…`."""
    return ids.encode(ids.STRIPE_ENDPOINT, endpoint.id)


def _merchants_without(session: Session, endpoints: Iterable[StripeEndpoint]) -> Iterator[Finding]:
    owners = {endpoint.organization_id for endpoint in endpoints}
    merchants: Iterable[UUID] = session.scalars(select(Organization.id).where(Organization.kind == "merchant"))
    for merchant in merchants:
        if merchant not in owners:
            yield found("endpoint_missing", organization=ids.encode(ids.ORGANIZATION, merchant))


def _secrets(endpoint: StripeEndpoint, examined: Examined) -> Iterator[Finding]:
    try:
        known = signing.secrets_of(endpoint, examined.settings)
        if endpoint.api_key_encrypted is not None:
            sealing.unseal(endpoint.api_key_encrypted, examined.settings)
    except ConfigurationError:
        yield found("stored_secret_unreadable", endpoint=public_id(endpoint))
        return
    if not any(secret.is_in_force(examined.now) for secret in known):
        yield found("signing_secret_missing", endpoint=public_id(endpoint))


def _default_endpoint(session: Session, examined: Examined) -> Iterator[Finding]:
    """The settings are read by `bootstrap` only, so a change of them alone has no effect on the default endpoint."""
    default, settings = rows.find_default(session), examined.settings
    if default is None:
        return
    if settings.stripe_livemode is not None and settings.stripe_livemode != default.livemode:
        yield found("default_endpoint_mode", endpoint=public_id(default), mode=_mode(livemode=default.livemode))
        return
    try:
        known = {secret.secret for secret in signing.secrets_of(default, settings)}
    except ConfigurationError:
        return  # reported for the endpoint itself
    if any(secret.get_secret_value() not in known for secret in settings.stripe_webhook_secrets):
        yield found("configured_secret_unused", endpoint=public_id(default))


def _events(
    endpoint: StripeEndpoint, delivered: RowMapping | Mapping[str, Any] | None, now: datetime
) -> Iterator[Finding]:
    endpoint_id = public_id(endpoint)
    if delivered is None:
        yield found("no_event_yet", endpoint=endpoint_id, newest=NEWEST)
        return
    if endpoint.livemode and now - delivered["last_at"] > QUIET_AFTER:
        yield found("last_event_old", endpoint=endpoint_id, last_at=delivered["last_at"])
    if delivered["wrong_mode"]:
        modes = {"mode": _mode(livemode=endpoint.livemode), "other_mode": _mode(livemode=not endpoint.livemode)}
        yield found("events_of_other_mode", endpoint=endpoint_id, count=delivered["wrong_mode"], **modes)
    if delivered["api_version"] > API_VERSION:
        yield found("api_version_newer", endpoint=endpoint_id, version=delivered["api_version"], tested=API_VERSION)


def _mode(*, livemode: bool) -> str:
    return "live" if livemode else "test"
