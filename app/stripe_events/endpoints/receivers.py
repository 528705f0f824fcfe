"""A cache of endpoints for the webhook receiver: owner, mode and signing secrets."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.config import Settings
from app.organizations.models import Organization
from app.stripe_events.endpoints import signing
from app.stripe_events.models import StripeEndpoint

CACHE_SECONDS: Final = 5
"""How old a cached endpoint may be: a new secret or a disabled endpoint takes effect within this time."""


@dataclass(frozen=True, slots=True)
class StripeReceiver:
    """An endpoint as the webhook receiver needs it; `endpoint_id` None is the default endpoint."""

    organization_id: UUID
    endpoint_id: UUID | None
    livemode: bool
    secrets: tuple[str, ...]


class ReceiverCache:
    """The cache of endpoints in one web process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache: dict[str, tuple[float, StripeReceiver | None]] = {}

    def cached(self, public_id: str) -> tuple[bool, StripeReceiver | None]:
        """Whether the cached endpoint is younger than `CACHE_SECONDS`, and the endpoint; '' is the default endpoint."""
        loaded_at, receiver = self._cache.get(public_id, (0.0, None))
        return time.monotonic() - loaded_at < CACHE_SECONDS, receiver

    def load(self, session: Session, public_id: str) -> StripeReceiver | None:
        """The endpoint as the database has it now; None if it is unknown or disabled, or no organization exists yet."""
        receiver = self._default(session) if public_id == "" else self._stored(session, public_id)
        if receiver is not None:
            self._cache[public_id] = (time.monotonic(), receiver)
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
        stored = signing.secrets_of(endpoint, self._settings)
        secrets = tuple(signing_secret.secret for signing_secret in stored if signing_secret.is_in_force(now))
        return StripeReceiver(endpoint.organization_id, endpoint.id, endpoint.livemode, secrets)
