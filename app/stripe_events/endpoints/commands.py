"""Commands: create, change and delete webhook endpoints, and rotate their secrets, each with its audit entry."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.config import Settings
from app.organizations import actors, audit
from app.stripe_events.endpoints import rows, signing
from app.stripe_events.endpoints.views import EndpointBody, endpoint_body
from app.stripe_events.models import StripeEndpoint


def create(
    session: Session,
    actor: actors.Actor,
    organization_id: UUID,
    settings: Settings,
    *,
    livemode: bool,
    secret: str | None = None,
    api_key: str | None = None,
    description: str = "",
) -> EndpointBody:
    """Create an endpoint. Without a secret its address is entered in Stripe first, which then shows the secret.

    Args:
        session: writes the endpoint and the audit entry.
        actor: who creates it.
        organization_id: its owner.
        settings: for the secret key and the server's address.
        livemode: whether it receives live events or test events. Never changes.
        secret: the signing secret that Stripe shows, `whsec_…`.
        api_key: the Stripe API key that is used to fetch data that events do not contain.
        description: a description for people.

    Raises:
        InvalidRequest: the secret or API key is not valid, or the key is of the other mode.
        Conflict: `not_a_merchant`: the organization is an affiliate.
    """
    secrets = [] if secret is None else [signing.require_secret(secret)]
    endpoint = rows.insert_endpoint(
        session, organization_id, livemode=livemode, secrets=secrets, settings=settings, description=description
    )
    rows.set_api_key(endpoint, api_key, settings)
    return _audited(session, actor, "endpoint.created", endpoint, settings, livemode=livemode)


def change(
    session: Session, actor: actors.Actor, endpoint: StripeEndpoint, changes: Mapping[str, Any], settings: Settings
) -> EndpointBody:
    """Change the given ones of `description`, `disabled` and `api_key`; an `api_key` of None deletes the key.

    Raises:
        InvalidRequest: the API key is not valid, or of the other mode.
    """
    if changes.get("description") is not None:
        endpoint.description = changes["description"]
    if changes.get("disabled") is not None:
        rows.disable(endpoint, disabled=changes["disabled"])
    if "api_key" in changes:
        rows.set_api_key(endpoint, changes["api_key"], settings)
    return _audited(session, actor, "endpoint.updated", endpoint, settings, changed=sorted(changes))


def make_default(session: Session, actor: actors.Actor, endpoint: StripeEndpoint) -> bool:
    """Make it the installation's default endpoint, if there is none yet; returns whether it is the default endpoint."""
    if rows.find_default(session) is None:
        endpoint.is_default = True
        session.flush()
        _add_entry(session, actor, "endpoint.made_default", endpoint)
    return endpoint.is_default


def delete(session: Session, actor: actors.Actor, endpoint: StripeEndpoint, settings: Settings) -> EndpointBody:
    """Disable an endpoint permanently and delete its secrets; its events stay."""
    rows.delete(endpoint, settings)
    return _audited(session, actor, "endpoint.deleted", endpoint, settings)


def add_secret(
    session: Session,
    actor: actors.Actor,
    endpoint: StripeEndpoint,
    secret: str,
    settings: Settings,
    *,
    expires_in_hours: int | None,
) -> EndpointBody:
    """Accept signatures by `secret`; the present secrets expire after `expires_in_hours` (None: they do not).

    Raises:
        InvalidRequest: it is not a signing secret of Stripe.
    """
    overlap = None if expires_in_hours is None else timedelta(hours=expires_in_hours)
    signing.add(endpoint, signing.require_secret(secret), settings, now=datetime.now(UTC), overlap=overlap)
    details = {} if expires_in_hours is None else {"expires_in_hours": expires_in_hours}
    return _audited(session, actor, "endpoint.secret_added", endpoint, settings, **details)


def remove_secret(
    session: Session, actor: actors.Actor, endpoint: StripeEndpoint, secret_id: str, settings: Settings
) -> EndpointBody:
    """Remove a signing secret, `whs_…`; signatures by it are refused from now on.

    Raises:
        NotFound: `secret_not_found`.
        Conflict: `last_secret`: no other secret is in force.
    """
    signing.remove(endpoint, ids.decode(secret_id, ids.ENDPOINT_SECRET), settings, now=datetime.now(UTC))
    return _audited(session, actor, "endpoint.secret_removed", endpoint, settings, secret_id=secret_id)


def reseal_all(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Re-encrypt the secrets of all endpoints of all organizations with the newest secret key; returns their number.

    Raises:
        ConfigurationError: a secret cannot be decrypted with any of our keys; then nothing is changed.
    """
    endpoints = rows.reseal_all(session, settings)
    for endpoint in endpoints:
        _add_entry(session, actor, "endpoint.resealed", endpoint)
    return len(endpoints)


def shown(endpoint: StripeEndpoint, settings: Settings) -> EndpointBody:
    """The endpoint as the API shows it, with its address and hints of its secrets in force."""
    return endpoint_body(endpoint, settings, datetime.now(UTC))


def _audited(
    session: Session,
    actor: actors.Actor,
    action: str,
    endpoint: StripeEndpoint,
    settings: Settings,
    **details: Any,
) -> EndpointBody:
    _add_entry(session, actor, action, endpoint, **details)
    return shown(endpoint, settings)


def _add_entry(session: Session, actor: actors.Actor, action: str, endpoint: StripeEndpoint, **details: Any) -> None:
    subject_id = ids.encode(ids.STRIPE_ENDPOINT, endpoint.id)
    owner, livemode = endpoint.organization_id, endpoint.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
