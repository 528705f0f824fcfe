"""The receivers Stripe comes through: which secrets open one, whose it is, test or live."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.errors import NotFound
from app.organizations.hierarchy import require_merchant
from app.organizations.models import Organization
from app.paging import cut, owned_by
from app.stripe_events import signing
from app.stripe_events.models import StripeEndpoint
from app.stripe_events.signing import SigningSecret

CACHE_SECONDS: Final = 5
"""How long a rotated or disabled endpoint may go unnoticed by a web process."""


@dataclass(frozen=True, slots=True)
class StripeReceiver:
    """What the receiver must know of an endpoint."""

    organization_id: UUID
    endpoint_id: UUID | None
    livemode: bool
    secrets: tuple[str, ...]


class ReceiverCache:
    """The endpoints of one web process, looked up at most every five seconds each."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[float, StripeReceiver | None]] = {}

    def cached(self, public_id: str) -> tuple[bool, StripeReceiver | None]:
        """Whether the endpoint was looked up lately, and what was found; '' is the default endpoint."""
        looked_up_at, receiver = self._known.get(public_id, (0.0, None))
        return time.monotonic() - looked_up_at < CACHE_SECONDS, receiver

    def look_up(self, session: Session, public_id: str) -> StripeReceiver | None:
        """The endpoint in the database now; None if there is none, it is disabled, or no organization exists yet."""
        receiver = self._default(session) if public_id == "" else self._stored(session, public_id)
        if receiver is not None:
            self._known[public_id] = (time.monotonic(), receiver)
        return receiver

    def _default(self, session: Session) -> StripeReceiver | None:
        settings = self._settings
        if not settings.stripe_webhook_secrets or settings.stripe_livemode is None:
            return None
        first = session.scalar(select(Organization.id).order_by(Organization.created_at, Organization.id).limit(1))
        if first is None:
            return None
        secrets = tuple(secret.get_secret_value() for secret in settings.stripe_webhook_secrets)
        return StripeReceiver(first, None, settings.stripe_livemode, secrets)

    def _stored(self, session: Session, public_id: str) -> StripeReceiver | None:
        endpoint_id = ids.decode(public_id, ids.STRIPE_ENDPOINT)
        endpoint = session.get(StripeEndpoint, endpoint_id) if endpoint_id else None
        if endpoint is None or endpoint.disabled_at is not None:
            return None
        now = datetime.now(UTC)
        secrets = [one.secret for one in signing.secrets_of(endpoint, self._settings) if one.is_in_force(now)]
        return StripeReceiver(endpoint.organization_id, endpoint.id, endpoint.livemode, tuple(secrets))


def create(
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


def disable(endpoint: StripeEndpoint, *, disabled: bool) -> None:
    """Close the receiver or open it again; closing it twice keeps the first time."""
    if not disabled:
        endpoint.disabled_at = None
    elif endpoint.disabled_at is None:
        endpoint.disabled_at = datetime.now(UTC)


def delete(endpoint: StripeEndpoint, settings: Settings) -> None:
    """Close the receiver for good and forget its secrets. The row stays, for the events that came through it."""
    endpoint.deleted_at = datetime.now(UTC)
    disable(endpoint, disabled=True)
    signing.keep(endpoint, (), settings)
    endpoint.api_key_encrypted = None


def reseal_all(session: Session, settings: Settings) -> int:
    """Seal every endpoint's secrets anew with the newest secret key; gives how many endpoints there are.

    Raises:
        ConfigurationError: something was sealed with a key that is not among ours; then nothing has changed.
    """
    every = session.scalars(select(StripeEndpoint).order_by(StripeEndpoint.id).with_for_update()).all()
    for endpoint in every:
        endpoint.secrets_encrypted = sealing.reseal(endpoint.secrets_encrypted, settings)
        if endpoint.api_key_encrypted is not None:
            endpoint.api_key_encrypted = sealing.reseal(endpoint.api_key_encrypted, settings)
    session.flush()
    return len(every)
