"""The doors Stripe comes through: which secrets open one, whose it is, test or live."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.config import Settings
from app.errors import ConfigurationError
from app.organizations.models import Organization
from app.stripe_events.models import StripeEndpoint

CACHE_SECONDS: Final = 5
"""How long a rotated or disabled endpoint may go unnoticed by a web process."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the receiver must know of an endpoint."""

    organization_id: UUID
    endpoint_id: UUID | None
    livemode: bool
    secrets: tuple[str, ...]


class Doors:
    """The endpoints of one web process, looked up at most every five seconds each."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[float, Door | None]] = {}

    def cached(self, public_id: str) -> tuple[bool, Door | None]:
        """Whether the endpoint was looked up lately, and what was found; '' is the default endpoint."""
        looked_up_at, door = self._known.get(public_id, (0.0, None))
        return time.monotonic() - looked_up_at < CACHE_SECONDS, door

    def look_up(self, session: Session, public_id: str) -> Door | None:
        """The endpoint in the database now; None if there is none, it is disabled, or no organization exists yet."""
        door = self._default(session) if public_id == "" else self._stored(session, public_id)
        if door is not None:
            self._known[public_id] = (time.monotonic(), door)
        return door

    def _default(self, session: Session) -> Door | None:
        settings = self._settings
        if not settings.stripe_webhook_secrets or settings.stripe_livemode is None:
            return None
        first = session.scalar(select(Organization.id).order_by(Organization.created_at, Organization.id).limit(1))
        if first is None:
            return None
        secrets = tuple(secret.get_secret_value() for secret in settings.stripe_webhook_secrets)
        return Door(first, None, settings.stripe_livemode, secrets)

    def _stored(self, session: Session, public_id: str) -> Door | None:
        endpoint_id = ids.decode(public_id, ids.STRIPE_ENDPOINT)
        endpoint = session.get(StripeEndpoint, endpoint_id) if endpoint_id else None
        if endpoint is None or endpoint.disabled_at is not None:
            return None
        secrets = decrypt(endpoint.secrets_encrypted, self._settings)
        return Door(endpoint.organization_id, endpoint.id, endpoint.livemode, tuple(secrets))


def create(
    session: Session, organization_id: UUID, *, livemode: bool, secrets: Sequence[str], settings: Settings
) -> StripeEndpoint:
    """Add an endpoint whose signing secrets are kept encrypted."""
    endpoint = StripeEndpoint(
        id=ids.new(),
        organization_id=organization_id,
        livemode=livemode,
        secrets_encrypted=encrypt(list(secrets), settings),
    )
    session.add(endpoint)
    session.flush()
    return endpoint


def add_secret(endpoint: StripeEndpoint, secret: str, settings: Settings) -> None:
    """Let `secret` sign for `endpoint` too. The former ones go on doing so: deliveries on their way are not lost."""
    known = decrypt(endpoint.secrets_encrypted, settings)
    endpoint.secrets_encrypted = encrypt([secret, *known], settings)


def encrypt(secrets: list[str], settings: Settings) -> str:
    """`secrets` as a Fernet token of the newest secret key."""
    return _fernet(settings).encrypt(json.dumps(secrets).encode()).decode()


def decrypt(token: str, settings: Settings) -> list[str]:
    """The secrets in `token`. Raises ConfigurationError if no secret key of ours opens it."""
    try:
        opened: list[str] = json.loads(_fernet(settings).decrypt(token.encode()))
    except InvalidToken:
        raise ConfigurationError(
            "A stored secret cannot be decrypted: ACCRUAL_SECRET_KEY is not the key it was stored under."
        ) from None
    return opened


def _fernet(settings: Settings) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.secret_keys])
