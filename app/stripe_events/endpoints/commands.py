"""Making, changing and deleting webhook endpoints, and rotating their secrets, each with its audit entry."""

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
    """Make an endpoint. Without a secret it is an address to enter in Stripe, which shows the secret in return.

    Args:
        session: writes the endpoint and the audit entry.
        actor: who makes it.
        organization_id: its owner.
        settings: for the key that secrets are sealed with, and the server's address.
        livemode: whether it receives live events, or test events. Never changes.
        secret: the signing secret that Stripe shows, `whsec_…`.
        api_key: the Stripe API key that is used to fetch what events do not contain.
        description: what people call it.

    Raises:
        InvalidRequest: the secret or API key is none, or the key is of the other mode.
        Conflict: `not_a_merchant`, the organization is an affiliate.
    """
    secrets = [] if secret is None else [signing.require_secret(secret)]
    endpoint = rows.insert_endpoint(
        session, organization_id, livemode=livemode, secrets=secrets, settings=settings, description=description
    )
    rows.set_api_key(endpoint, api_key, settings)
    return _noted(session, actor, "endpoint.created", endpoint, settings, livemode=livemode)


def change(
    session: Session, actor: actors.Actor, endpoint: StripeEndpoint, changes: Mapping[str, Any], settings: Settings
) -> EndpointBody:
    """Change what is given of `description`, `disabled` and `api_key`; an `api_key` of None forgets it.

    Raises:
        InvalidRequest: the API key is none, or of the other mode.
    """
    if changes.get("description") is not None:
        endpoint.description = changes["description"]
    if changes.get("disabled") is not None:
        rows.disable(endpoint, disabled=changes["disabled"])
    if "api_key" in changes:
        rows.set_api_key(endpoint, changes["api_key"], settings)
    return _noted(session, actor, "endpoint.updated", endpoint, settings, changed=sorted(changes))


def delete(session: Session, actor: actors.Actor, endpoint: StripeEndpoint, settings: Settings) -> EndpointBody:
    """Disable an endpoint for good and forget its secrets; its events stay."""
    rows.delete(endpoint, settings)
    return _noted(session, actor, "endpoint.deleted", endpoint, settings)


def add_secret(
    session: Session,
    actor: actors.Actor,
    endpoint: StripeEndpoint,
    secret: str,
    settings: Settings,
    *,
    expires_in_hours: int | None,
) -> EndpointBody:
    """Let `secret` sign for the endpoint; the present ones go on for so many hours (None: until they are removed).

    Raises:
        InvalidRequest: it is no signing secret of Stripe's.
    """
    overlap = None if expires_in_hours is None else timedelta(hours=expires_in_hours)
    signing.add(endpoint, signing.require_secret(secret), settings, now=datetime.now(UTC), overlap=overlap)
    details = {} if expires_in_hours is None else {"expires_in_hours": expires_in_hours}
    return _noted(session, actor, "endpoint.secret_added", endpoint, settings, **details)


def remove_secret(
    session: Session, actor: actors.Actor, endpoint: StripeEndpoint, secret_id: str, settings: Settings
) -> EndpointBody:
    """Refuse from now on what this secret, `whs_…`, signs.

    Raises:
        NotFound: `secret_not_found`.
        Conflict: `last_secret`, no other one is in force.
    """
    signing.remove(endpoint, ids.decode(secret_id, ids.ENDPOINT_SECRET), settings, now=datetime.now(UTC))
    return _noted(session, actor, "endpoint.secret_removed", endpoint, settings, secret_id=secret_id)


def reseal_all(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Encrypt the secrets of every endpoint of every organization anew; gives how many endpoints there are.

    Raises:
        ConfigurationError: something was sealed with a key that is not among ours; then nothing has changed.
    """
    every = rows.reseal_all(session, settings)
    for endpoint in every:
        _note(session, actor, "endpoint.resealed", endpoint)
    return len(every)


def shown(endpoint: StripeEndpoint, settings: Settings) -> EndpointBody:
    """The endpoint with its address and hints of the secrets that are in force now."""
    return endpoint_body(endpoint, settings, datetime.now(UTC))


def _noted(
    session: Session,
    actor: actors.Actor,
    action: str,
    endpoint: StripeEndpoint,
    settings: Settings,
    **details: Any,
) -> EndpointBody:
    _note(session, actor, action, endpoint, **details)
    return shown(endpoint, settings)


def _note(session: Session, actor: actors.Actor, action: str, endpoint: StripeEndpoint, **details: Any) -> None:
    subject_id = ids.encode(ids.STRIPE_ENDPOINT, endpoint.id)
    audit.add_entry(session, actor, action, subject_id, details, organization_id=endpoint.organization_id)
