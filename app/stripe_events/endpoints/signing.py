"""The signing secrets of an endpoint: kept sealed, each with the time it was added and the time it ends."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from app import ids, sealing
from app.config import Settings
from app.errors import Conflict, InvalidRequest, NotFound
from app.stripe_events.models import StripeEndpoint

HINT_LENGTH: Final = 4
SECRET: Final = re.compile(r"whsec_[!-~]+", re.ASCII)
LONGEST_SECRET: Final = 255


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """One secret that may sign for an endpoint; `expires_at` None: until it is removed."""

    id: UUID
    secret: str
    added_at: datetime
    expires_at: datetime | None = None

    @property
    def hint(self) -> str:
        """Its last four characters, so that a person can tell secrets apart."""
        return self.secret[-HINT_LENGTH:]

    def is_in_force(self, now: datetime) -> bool:
        """Whether it may sign at this time."""
        return self.expires_at is None or now < self.expires_at


def require_secret(given: str) -> str:
    """`given`, if it is a signing secret as Stripe shows them. Raises InvalidRequest, without the secret."""
    if len(given) > LONGEST_SECRET or not SECRET.fullmatch(given):
        raise InvalidRequest(
            "a signing secret begins with whsec_; Stripe shows it on its endpoint's page", param="secret"
        )
    return given


def secrets_of(endpoint: StripeEndpoint, settings: Settings) -> list[SigningSecret]:
    """The endpoint's secrets, newest first, also those that have ended since the last one was added.

    Raises:
        ConfigurationError: no secret key of ours opens them.
    """
    return [_read(endpoint, kept) for kept in json.loads(sealing.unseal(endpoint.secrets_encrypted, settings))]


def add(endpoint: StripeEndpoint, secret: str, settings: Settings, *, now: datetime, overlap: timedelta | None) -> None:
    """Let `secret` sign for `endpoint` from now on. A secret it has already becomes the newest, without an end.

    Args:
        endpoint: its row is locked, so that of two rotations at once neither is lost.
        secret: as Stripe shows it.
        settings: for the secret key.
        now: the present.
        overlap: how long the former secrets go on; None: until they are removed. One that ends sooner still does.
    """
    former = [one for one in secrets_of(endpoint, settings) if one.secret != secret and one.is_in_force(now)]
    if overlap is not None:
        former = [_ending(one, now + overlap) for one in former]
    keep(endpoint, [SigningSecret(ids.new(), secret, now), *former], settings)


def remove(endpoint: StripeEndpoint, secret_id: UUID | None, settings: Settings, *, now: datetime) -> None:
    """Refuse from now on what this secret signs.

    Raises:
        NotFound: the endpoint has no such secret.
        Conflict: no other would be left; an endpoint that shall hear nothing is disabled.
    """
    known = secrets_of(endpoint, settings)
    others = [one for one in known if one.id != secret_id]
    if len(others) == len(known):
        raise NotFound(
            "the endpoint has no signing secret with this id; its `secrets` list the ids", code="secret_not_found"
        )
    left = [one for one in others if one.is_in_force(now)]
    if not left:
        raise Conflict(
            "this is the endpoint's only secret in force; add another first, or disable the endpoint",
            code="last_secret",
        )
    keep(endpoint, left, settings)


def keep(endpoint: StripeEndpoint, secrets: Sequence[SigningSecret], settings: Settings) -> None:
    """Make `secrets`, newest first, all that `endpoint` has."""
    endpoint.secrets_encrypted = sealing.seal(json.dumps([_row(one) for one in secrets]), settings)


def _ending(secret: SigningSecret, expires_at: datetime) -> SigningSecret:
    return replace(secret, expires_at=min(secret.expires_at or expires_at, expires_at))


def _row(secret: SigningSecret) -> dict[str, Any]:
    return {
        "id": str(secret.id),
        "secret": secret.secret,
        "added_at": secret.added_at.isoformat(),
        "expires_at": secret.expires_at.isoformat() if secret.expires_at else None,
    }


def _read(endpoint: StripeEndpoint, kept: dict[str, Any] | str) -> SigningSecret:
    if isinstance(kept, str):  # as the first version kept them; they are written anew with the next change
        return SigningSecret(uuid5(endpoint.id, kept), kept, endpoint.created_at)
    return SigningSecret(
        UUID(kept["id"]),
        kept["secret"],
        datetime.fromisoformat(kept["added_at"]),
        datetime.fromisoformat(kept["expires_at"]) if kept["expires_at"] else None,
    )
