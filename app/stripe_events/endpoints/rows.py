"""Rows of endpoints: found, inserted, disabled, deleted, and sealed anew. Commands write the audit trail beside it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import STRIPE_API_KEY, Settings
from app.errors import InvalidRequest, NotFound
from app.organizations.hierarchy import require_merchant
from app.paging import cut, owned_by
from app.stripe_events.endpoints import signing
from app.stripe_events.endpoints.signing import SigningSecret
from app.stripe_events.models import StripeEndpoint


def insert_endpoint(
    session: Session,
    organization_id: UUID,
    *,
    livemode: bool,
    secrets: Sequence[str],
    settings: Settings,
    description: str = "",
) -> StripeEndpoint:
    """Add an endpoint whose signing secrets are kept sealed. Its mode never changes.

    Without a secret it is an address to give to Stripe, which shows the secret in return.

    Raises:
        Conflict: `not_a_merchant`, the organization is an affiliate.
    """
    require_merchant(session, organization_id)
    now = datetime.now(UTC)
    endpoint = StripeEndpoint(id=ids.new(), organization_id=organization_id, livemode=livemode, description=description)
    signing.keep(endpoint, [SigningSecret(ids.new(), secret, now) for secret in secrets], settings)
    session.add(endpoint)
    session.flush()
    session.refresh(endpoint)
    return endpoint


def list_endpoints(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> list[StripeEndpoint]:
    """A page of the endpoints of these organizations, newest first, disabled ones too. Raises InvalidRequest."""
    wanted = select(StripeEndpoint).where(
        owned_by(StripeEndpoint.organization_id, organization_ids), StripeEndpoint.deleted_at.is_(None)
    )
    page = cut(wanted, StripeEndpoint.id, ids.STRIPE_ENDPOINT, limit=limit, starting_after=starting_after)
    return list(session.scalars(page))


def get_endpoint(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> StripeEndpoint:
    """The endpoint with this `whe_…` id, if it is one of these organizations'.

    `to_change` locks its row, so that of two changes at once neither is lost. Raises NotFound.
    """
    endpoint_id = ids.decode(public_id, ids.STRIPE_ENDPOINT)
    wanted = select(StripeEndpoint).where(
        StripeEndpoint.id == endpoint_id,
        StripeEndpoint.organization_id.in_(organization_ids),
        StripeEndpoint.deleted_at.is_(None),
    )
    found = session.scalar(wanted.with_for_update() if to_change else wanted)
    if found is None:
        raise NotFound.of("endpoint", public_id)
    return found


def find_oldest_in_use(session: Session, organization_id: UUID) -> StripeEndpoint | None:
    """The organization's first endpoint that is not disabled; None if it has none."""
    wanted = select(StripeEndpoint).where(
        StripeEndpoint.organization_id == organization_id, StripeEndpoint.disabled_at.is_(None)
    )
    return session.scalar(wanted.order_by(StripeEndpoint.id).limit(1))


def set_api_key(endpoint: StripeEndpoint, key: str | None, settings: Settings) -> None:
    """Make `key` the Stripe API key of the endpoint's organization in its mode; None forgets it. It is kept sealed.

    Raises:
        InvalidRequest: it is no secret or restricted key, or one of the other mode.
    """
    if key is not None:
        found = STRIPE_API_KEY.fullmatch(key)
        if found is None:
            raise InvalidRequest("api_key is not a Stripe secret key (sk_…) or restricted key (rk_…)", param="api_key")
        if (found["mode"] == "live") != endpoint.livemode:
            raise InvalidRequest(
                "api_key is not of the endpoint's mode; a live endpoint needs a live key, a test endpoint a test key",
                param="api_key",
            )
    endpoint.api_key_encrypted = None if key is None else sealing.seal(key, settings)


def disable(endpoint: StripeEndpoint, *, disabled: bool) -> None:
    """Disable the endpoint or enable it; disabling it twice keeps the first time."""
    if not disabled:
        endpoint.disabled_at = None
    elif endpoint.disabled_at is None:
        endpoint.disabled_at = datetime.now(UTC)


def delete(endpoint: StripeEndpoint, settings: Settings) -> None:
    """Disable the endpoint for good and forget its secrets. The row stays, for the events that came through it."""
    endpoint.deleted_at = datetime.now(UTC)
    disable(endpoint, disabled=True)
    signing.keep(endpoint, (), settings)
    endpoint.api_key_encrypted = None


def reseal_all(session: Session, settings: Settings) -> Sequence[StripeEndpoint]:
    """Seal every endpoint's secrets anew with the newest secret key; gives all endpoints.

    Raises:
        ConfigurationError: something was sealed with a key that is not among ours; then nothing has changed.
    """
    every = session.scalars(select(StripeEndpoint).order_by(StripeEndpoint.id).with_for_update()).all()
    for endpoint in every:
        endpoint.secrets_encrypted = sealing.reseal(endpoint.secrets_encrypted, settings)
        if endpoint.api_key_encrypted is not None:
            endpoint.api_key_encrypted = sealing.reseal(endpoint.api_key_encrypted, settings)
    session.flush()
    return every
