"""The signing secrets of an endpoint: stored encrypted, each with the times when it was added and expires."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from app import ids, sealing
from app.config import Settings
from app.errors import Conflict, InvalidRequest, NotFound
from app.immutable import immutable
from app.stripe_events.models import StripeEndpoint

HINT_LENGTH: Final = 4
SECRET: Final = re.compile(r"whsec_[!-~]+", re.ASCII)
LONGEST_SECRET: Final = 255


@immutable
class SigningSecret:
    """A signing secret of an endpoint; `expires_at` None: it does not expire."""

    id: UUID
    secret: str
    added_at: datetime
    expires_at: datetime | None = None

    @property
    def hint(self) -> str:
        """Its last four characters, by which people can distinguish secrets."""
        return self.secret[-HINT_LENGTH:]

    def is_in_force(self, now: datetime) -> bool:
        """Whether signatures by it are accepted at this time."""
        return self.expires_at is None or now < self.expires_at


def require_secret(secret: str) -> str:
    """`secret`, if it has the format of Stripe's signing secrets. Raises InvalidRequest, without the secret."""
    if len(secret) > LONGEST_SECRET or not SECRET.fullmatch(secret):
        raise InvalidRequest(
            "a signing secret begins with whsec_; Stripe shows it on its endpoint's page", param="secret"
        )
    return secret


def secrets_of(endpoint: StripeEndpoint, settings: Settings) -> list[SigningSecret]:
    """The endpoint's secrets, newest first, also those that have expired since the last one was added.

    Raises:
        ConfigurationError: no configured secret key decrypts them.
    """
    return [_read(endpoint, stored) for stored in json.loads(sealing.unseal(endpoint.secrets_encrypted, settings))]


def add(endpoint: StripeEndpoint, secret: str, settings: Settings, *, now: datetime, overlap: timedelta | None) -> None:
    """Add `secret` as the endpoint's newest, without expiry; if the endpoint has it already, it becomes the newest.

    Args:
        endpoint: the endpoint; its row is locked, so that no concurrent rotation is lost.
        secret: the secret as Stripe shows it.
        settings: for the secret key.
        now: the present time.
        overlap: how long the former secrets stay in force at most; None: until they are removed.
    """
    former = [known for known in secrets_of(endpoint, settings) if known.secret != secret and known.is_in_force(now)]
    if overlap is not None:
        former = [_ending(known, now + overlap) for known in former]
    store(endpoint, [SigningSecret(ids.new(), secret, now), *former], settings)


def remove(endpoint: StripeEndpoint, secret_id: UUID | None, settings: Settings, *, now: datetime) -> None:
    """Remove a secret; signatures by it are refused from now on.

    Raises:
        NotFound: the endpoint has no such secret.
        Conflict: it is the only secret in force.
    """
    known = secrets_of(endpoint, settings)
    others = [secret for secret in known if secret.id != secret_id]
    if len(others) == len(known):
        raise NotFound(
            "the endpoint has no signing secret with this id; its `secrets` list the ids", code="secret_not_found"
        )
    left = [secret for secret in others if secret.is_in_force(now)]
    if not left:
        raise Conflict(
            "this is the endpoint's only secret in force; add another first, or disable the endpoint",
            code="last_secret",
        )
    store(endpoint, left, settings)


def store(endpoint: StripeEndpoint, secrets: Sequence[SigningSecret], settings: Settings) -> None:
    """Replace all secrets of the endpoint by `secrets`, newest first, encrypted."""
    endpoint.secrets_encrypted = sealing.seal(json.dumps([_row(secret) for secret in secrets]), settings)


def _ending(secret: SigningSecret, expires_at: datetime) -> SigningSecret:
    return replace(secret, expires_at=min(secret.expires_at or expires_at, expires_at))


def _row(secret: SigningSecret) -> dict[str, Any]:
    return {
        "id": str(secret.id),
        "secret": secret.secret,
        "added_at": secret.added_at.isoformat(),
        "expires_at": secret.expires_at.isoformat() if secret.expires_at else None,
    }


def _read(endpoint: StripeEndpoint, stored: dict[str, Any] | str) -> SigningSecret:
    if isinstance(stored, str):  # the format of the first version; the next change replaces it
        return SigningSecret(uuid5(endpoint.id, stored), stored, endpoint.created_at)
    return SigningSecret(
        UUID(stored["id"]),
        stored["secret"],
        datetime.fromisoformat(stored["added_at"]),
        datetime.fromisoformat(stored["expires_at"]) if stored["expires_at"] else None,
    )
