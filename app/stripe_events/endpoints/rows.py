"""Rows of endpoints: inserts, finds, disables, deletes and re-encrypts them. Commands add the audit entries."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import STRIPE_API_KEY, Settings
from app.errors import InvalidRequest, NotFound
from app.organizations.hierarchy import require_merchant
from app.paging import Page, load_page, owned_by
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
    """Insert an endpoint with encrypted signing secrets, perhaps none yet. Its mode never changes.

    Raises:
        Conflict: `not_a_merchant`: the organization is an affiliate.
    """
    require_merchant(session, organization_id)
    now = datetime.now(UTC)
    endpoint = StripeEndpoint(id=ids.new(), organization_id=organization_id, livemode=livemode, description=description)
    signing.store(endpoint, [SigningSecret(ids.new(), secret, now) for secret in secrets], settings)
    session.add(endpoint)
    session.flush()
    session.refresh(endpoint)
    return endpoint


def has_live(session: Session, organization_id: UUID) -> bool:
    """Whether the organization has an endpoint for live events that is not deleted."""
    live = select(StripeEndpoint.id).where(
        StripeEndpoint.organization_id == organization_id,
        StripeEndpoint.livemode,
        StripeEndpoint.deleted_at.is_(None),
    )
    return session.scalar(live.limit(1)) is not None


def list_endpoints(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> Page[StripeEndpoint]:
    """A page of the endpoints of these organizations, newest first, with disabled ones. Raises InvalidRequest."""
    present = select(StripeEndpoint).where(
        owned_by(StripeEndpoint.organization_id, organization_ids), StripeEndpoint.deleted_at.is_(None)
    )
    return load_page(
        session, present, StripeEndpoint.id, ids.STRIPE_ENDPOINT, limit=limit, starting_after=starting_after
    )


def get_endpoint(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> StripeEndpoint:
    """The endpoint with this `whe_…` id, owned by one of these organizations. Raises NotFound.

    `to_change` locks its row, so that no concurrent change is lost.
    """
    endpoint_id = ids.decode(public_id, ids.STRIPE_ENDPOINT)
    matching = select(StripeEndpoint).where(
        StripeEndpoint.id == endpoint_id,
        StripeEndpoint.organization_id.in_(organization_ids),
        StripeEndpoint.deleted_at.is_(None),
    )
    endpoint = session.scalar(matching.with_for_update() if to_change else matching)
    if endpoint is None:
        raise NotFound.of("endpoint", public_id)
    return endpoint


def find_oldest_in_use(session: Session, organization_id: UUID, *, livemode: bool) -> StripeEndpoint | None:
    """The organization's first endpoint of this mode that is not disabled; None if it has none."""
    query = select(StripeEndpoint).where(
        StripeEndpoint.organization_id == organization_id,
        StripeEndpoint.livemode == livemode,
        StripeEndpoint.disabled_at.is_(None),
    )
    return session.scalar(query.order_by(StripeEndpoint.id).limit(1))


def get_oldest_in_use(session: Session, organization_id: UUID, *, livemode: bool) -> StripeEndpoint:
    """As `find_oldest_in_use`. Raises NotFound: there is none."""
    endpoint = find_oldest_in_use(session, organization_id, livemode=livemode)
    if endpoint is None:
        mode = "live" if livemode else "test"
        raise NotFound(
            f"the organization has no endpoint for {mode} events; make one with: accrual endpoints add --{mode}",
            code="endpoint_not_found",
        )
    return endpoint


def find_default(session: Session) -> StripeEndpoint | None:
    """The endpoint that `/webhooks/stripe` without an id means, also while it is disabled; None if there is none."""
    return session.scalar(select(StripeEndpoint).where(StripeEndpoint.is_default, StripeEndpoint.deleted_at.is_(None)))


def set_api_key(endpoint: StripeEndpoint, key: str | None, settings: Settings) -> None:
    """Set the encrypted Stripe API key of the endpoint, for its organization and mode; None deletes it.

    Raises:
        InvalidRequest: it is not a secret or restricted key, or of the other mode.
    """
    if key is not None:
        match = STRIPE_API_KEY.fullmatch(key)
        if match is None:
            raise InvalidRequest("api_key is not a Stripe secret key (sk_…) or restricted key (rk_…)", param="api_key")
        if (match["mode"] == "live") != endpoint.livemode:
            raise InvalidRequest(
                "api_key is not of the endpoint's mode; a live endpoint needs a live key, a test endpoint a test key",
                param="api_key",
            )
    endpoint.api_key_encrypted = None if key is None else sealing.seal(key, settings)


def disable(endpoint: StripeEndpoint, *, disabled: bool) -> None:
    """Disable or enable the endpoint; a disabled endpoint keeps the time when it was first disabled."""
    if not disabled:
        endpoint.disabled_at = None
    elif endpoint.disabled_at is None:
        endpoint.disabled_at = datetime.now(UTC)


def delete(endpoint: StripeEndpoint, settings: Settings) -> None:
    """Disable the endpoint permanently and delete its secrets. The row stays, since its events refer to it."""
    endpoint.deleted_at = datetime.now(UTC)
    disable(endpoint, disabled=True)
    signing.store(endpoint, (), settings)
    endpoint.api_key_encrypted = None


def reseal_all(session: Session, settings: Settings) -> Sequence[StripeEndpoint]:
    """Re-encrypt all endpoints' secrets with the newest secret key; returns all endpoints.

    Raises:
        ConfigurationError: a secret cannot be decrypted with any of our keys; then nothing is changed.
    """
    endpoints = session.scalars(select(StripeEndpoint).order_by(StripeEndpoint.id).with_for_update()).all()
    for endpoint in endpoints:
        endpoint.secrets_encrypted = sealing.reseal(endpoint.secrets_encrypted, settings)
        if endpoint.api_key_encrypted is not None:
            endpoint.api_key_encrypted = sealing.reseal(endpoint.api_key_encrypted, settings)
    session.flush()
    return endpoints
