"""API keys: made, listed, revoked, recognized. The plaintext is shown once and never stored."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound, Unauthenticated
from app.organizations.hierarchy import own_and_descendants
from app.organizations.models import ApiKey
from app.organizations.permissions import LEVELS, PERMISSIONS, Caller

PREFIX: Final = "aff_"
RANDOM_BYTES: Final = 32
HINT_LENGTH: Final = 4


def create_key(
    session: Session, organization_id: UUID, *, name: str, level: str, scopes: Sequence[str] = ()
) -> tuple[ApiKey, str]:
    """A new key of the organization, and its plaintext, which nobody can ever show again.

    Args:
        session: writes the key's row.
        organization_id: whose data the key opens.
        name: what people call it.
        level: `read` or `manage`.
        scopes: permissions; none means all its level allows.

    Raises:
        InvalidRequest: an unknown level or scope.
    """
    _refuse_unknown("level", [level], LEVELS)
    _refuse_unknown("scopes", scopes, PERMISSIONS)
    plaintext = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    key = ApiKey(
        id=ids.new(),
        organization_id=organization_id,
        name=name,
        key_hash=_hash(plaintext),
        hint=plaintext[-HINT_LENGTH:],
        level=level,
        scopes=sorted(set(scopes)),
    )
    session.add(key)
    session.flush()
    return key, plaintext


def list_keys(session: Session, organization_id: UUID) -> list[ApiKey]:
    """The organization's keys, newest first, revoked ones too."""
    return list(
        session.scalars(select(ApiKey).where(ApiKey.organization_id == organization_id).order_by(ApiKey.id.desc()))
    )


def revoke_key(session: Session, organization_id: UUID, key_id: UUID) -> ApiKey:
    """Make the key useless from now on; revoking twice keeps the first time. Raises NotFound."""
    key = session.scalar(select(ApiKey).where(ApiKey.id == key_id, ApiKey.organization_id == organization_id))
    if key is None:
        raise NotFound("there is no such key")
    if key.revoked_at is None:
        key.revoked_at = func.now()
        session.flush()
        session.refresh(key)
    return key


def authenticate(session: Session, plaintext: str) -> Caller:
    """Who holds this key. Notes that it was used, at most once a minute.

    The session must not be narrowed yet: before the key is known nobody's rows may be named.

    Raises:
        Unauthenticated: unknown or revoked, without saying which.
    """
    # The look-up by hash takes the place of a comparison in constant time: what timing could tell is the hash's.
    key = session.scalar(select(ApiKey).where(ApiKey.key_hash == _hash(plaintext), ApiKey.revoked_at.is_(None)))
    if key is None:
        raise Unauthenticated("this API key is unknown or revoked")
    _note_use(session, key.id)
    return Caller(
        key_id=key.id,
        organization_id=key.organization_id,
        organization_ids=own_and_descendants(session, key.organization_id),
        level=key.level,
        scopes=frozenset(key.scopes),
    )


def _hash(plaintext: str) -> str:
    # 256 random bits need no slow hash; nobody can guess their way to one.
    return hashlib.sha256(plaintext.encode()).hexdigest()


def _note_use(session: Session, key_id: UUID) -> None:
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - text("interval '1 minute'"))
    session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=func.now()))


def _refuse_unknown(param: str, given: Sequence[str], known: Sequence[str]) -> None:
    for word in given:
        if word not in known:
            raise InvalidRequest(f"{param}: there is no {word!r}; there are {', '.join(known)}", param=param)
