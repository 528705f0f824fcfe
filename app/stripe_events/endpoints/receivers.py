"""A cache of endpoints for the webhook receiver: owner, mode and signing secrets."""

import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.config import Settings
from app.errors import NotFound, Unavailable
from app.immutable import immutable
from app.stripe_events.endpoints import rows, signing
from app.stripe_events.models import StripeEndpoint

CACHE_SECONDS: Final = 5
"""How old a cached endpoint may be: a new secret or a disabled endpoint takes effect within this time."""


@immutable
class StripeReceiver:
    """An endpoint as the webhook receiver needs it."""

    organization_id: UUID
    endpoint_id: UUID
    livemode: bool
    secrets: tuple[str, ...]


class ReceiverCache:
    """The cache of endpoints in one web process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache: dict[str, tuple[float, StripeReceiver]] = {}

    def cached(self, public_id: str) -> StripeReceiver | None:
        """The endpoint, if it was loaded within `CACHE_SECONDS`; the id '' means the default endpoint."""
        loaded_at, receiver = self._cache.get(public_id, (0.0, None))
        return receiver if time.monotonic() - loaded_at < CACHE_SECONDS else None

    def load(self, session: Session, public_id: str) -> StripeReceiver:
        """The endpoint as the database has it now; the id '' means the default endpoint.

        Raises:
            NotFound: the endpoint is unknown, disabled or deleted.
            Unavailable: the installation has no default endpoint.
        """
        endpoint, now = _find(session, public_id), datetime.now(UTC)
        known = signing.secrets_of(endpoint, self._settings)
        secrets = tuple(secret.secret for secret in known if secret.is_in_force(now))
        receiver = StripeReceiver(endpoint.organization_id, endpoint.id, endpoint.livemode, secrets)
        self._cache[public_id] = (time.monotonic(), receiver)
        return receiver


def _find(session: Session, public_id: str) -> StripeEndpoint:
    endpoint_id = ids.decode(public_id, ids.STRIPE_ENDPOINT)
    if public_id:
        endpoint = session.get(StripeEndpoint, endpoint_id) if endpoint_id else None
    else:
        endpoint = rows.find_default(session)
        if endpoint is None:
            raise Unavailable("There is no default endpoint; `accrual bootstrap` makes it.")
    if endpoint is None or endpoint.disabled_at is not None:
        raise NotFound("No webhook endpoint has this address; check the address in Stripe.")
    return endpoint
