"""The Stripe API keys, by organization and mode. Without a key Stripe is not called.

A key is never shown: not in a log, an error, a job or a `repr`.
"""

import time
from typing import ClassVar, Final
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import sealing
from app.config import Settings
from app.stripe_events.models import StripeEndpoint

CACHE_SECONDS: Final = 5
"""How old the cached information may be whether there is a key."""


class _Current:
    """The settings of this process, set once by `connect`; before that there are no keys."""

    settings: Settings | None = None
    cache: ClassVar[dict[tuple[UUID, bool], tuple[float, bool]]] = {}


def connect(settings: Settings) -> None:
    """From now on, decrypt API keys with the secret key of `settings` and send requests to its `stripe_api_base`."""
    _Current.settings = settings
    _Current.cache.clear()


def disconnect() -> None:
    """Have no keys from now on."""
    _Current.settings = None


def find(session: Session, organization_id: UUID, *, livemode: bool) -> SecretStr | None:
    """The API key of an organization and mode: that of its newest endpoint with a key; or None.

    Raises:
        ConfigurationError: it was encrypted with a secret key that is not configured.
    """
    if _Current.settings is None:
        return None
    sealed = session.scalar(_newest(organization_id, livemode=livemode))
    return None if sealed is None else SecretStr(sealing.unseal(sealed, _Current.settings))


def is_stored(session: Session, organization_id: UUID, *, livemode: bool) -> bool:
    """Whether an endpoint of the organization and mode has an API key. Nothing is decrypted, and nothing cached."""
    return session.scalar(_newest(organization_id, livemode=livemode)) is not None


def is_configured(session: Session, organization_id: UUID, *, livemode: bool) -> bool:
    """Whether there is an API key; cached for `CACHE_SECONDS` in each process."""
    if _Current.settings is None:
        return False
    loaded_at, has_key = _Current.cache.get((organization_id, livemode), (0.0, False))
    if time.monotonic() - loaded_at < CACHE_SECONDS:
        return has_key
    has_key = find(session, organization_id, livemode=livemode) is not None
    _Current.cache[organization_id, livemode] = (time.monotonic(), has_key)
    return has_key


def api_base() -> str:
    """The address of Stripe's API."""
    assert _Current.settings is not None, "there is no key before connect"
    return _Current.settings.stripe_api_base


def _newest(organization_id: UUID, *, livemode: bool) -> Select[str | None]:
    """The sealed key of the newest endpoint that has one."""
    return (
        select(StripeEndpoint.api_key_encrypted)
        .where(
            StripeEndpoint.organization_id == organization_id,
            StripeEndpoint.livemode == livemode,
            StripeEndpoint.api_key_encrypted.is_not(None),
            StripeEndpoint.deleted_at.is_(None),
        )
        .order_by(StripeEndpoint.id.desc())
        .limit(1)
    )
