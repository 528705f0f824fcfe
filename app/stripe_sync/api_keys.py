"""The Stripe API keys we may ask with, by organization and mode. Without one nothing is asked, ever.

A key is never shown: not in a log, an error, a job or a `repr`.
"""

import time
from typing import ClassVar, Final
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import sealing
from app.config import Settings
from app.organizations.models import Organization
from app.stripe_events.models import StripeEndpoint

CACHE_SECONDS: Final = 5
"""How long a process may go on believing that there is a key, or none."""


class _Current:
    """What this process asks with, set once by `connect`; before that it has no keys at all."""

    settings: Settings | None = None
    known: ClassVar[dict[tuple[UUID, bool], tuple[float, bool]]] = {}


def connect(settings: Settings) -> None:
    """Take the default key and the secret key from `settings` from now on."""
    _Current.settings = settings
    _Current.known.clear()


def disconnect() -> None:
    """Ask nothing from now on."""
    _Current.settings = None


def find(session: Session, organization_id: UUID, *, livemode: bool) -> SecretStr | None:
    """The key of an organization and mode: its newest endpoint's that has one, else the setting's; None without one.

    Raises:
        ConfigurationError: it was sealed with a secret key we do not have.
    """
    if _Current.settings is None:
        return None
    sealed = session.scalar(
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
    if sealed is not None:
        return SecretStr(sealing.unseal(sealed, _Current.settings))
    return _default(session, _Current.settings, organization_id, livemode=livemode)


def is_configured(session: Session, organization_id: UUID, *, livemode: bool) -> bool:
    """Whether there is a key to ask with, looked up at most every five seconds in each process."""
    if _Current.settings is None:
        return False
    looked_up_at, known = _Current.known.get((organization_id, livemode), (0.0, False))
    if time.monotonic() - looked_up_at < CACHE_SECONDS:
        return known
    known = find(session, organization_id, livemode=livemode) is not None
    _Current.known[organization_id, livemode] = (time.monotonic(), known)
    return known


def api_base() -> str:
    """Where Stripe's API is."""
    assert _Current.settings is not None, "there is no key before connect"
    return _Current.settings.stripe_api_base


def _default(session: Session, settings: Settings, organization_id: UUID, *, livemode: bool) -> SecretStr | None:
    """The setting's key, which is the first organization's, in the default endpoint's mode."""
    if settings.stripe_api_key is None or settings.stripe_livemode is not livemode:
        return None
    first = session.scalar(select(Organization.id).order_by(Organization.created_at, Organization.id).limit(1))
    return settings.stripe_api_key if first == organization_id else None
