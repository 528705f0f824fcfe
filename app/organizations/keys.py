"""API keys: creates, lists, revokes and authenticates them. The plaintext is shown once and never stored.

A key with `keys:write` can create keys with at most its own permissions, for the organizations it manages. It can
revoke all of their keys, also itself and keys with more permissions, because revoking only removes permissions, and a
leaked key must be able to revoke itself.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from app import ids
from app.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.hierarchy import own_and_descendants
from app.organizations.models import ApiKey, Organization
from app.organizations.permissions import LEVELS, PARTNER_SIDE, PERMISSIONS, Caller, default_scopes
from app.paging import Page, load_page, owned_by
from app.texts import require_line

PREFIXES: Final = {True: "aff_live_", False: "aff_test_"}
"""How the plaintext of a key begins, by whether it is a live key."""
RANDOM_BYTES: Final = 32
HINT_LENGTH: Final = 4


def issue_key(
    session: Session,
    actor: Actor,
    organization_id: UUID,
    *,
    name: str,
    level: str,
    livemode: bool,
    scopes: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """As `create_key`, refused where the caller's own key may do less, and written into the audit trail.

    Expects that the caller manages the organization.

    Raises:
        Forbidden: the key could do more than the caller's; or it is live and the caller's is a test key.
        InvalidRequest: as `create_key`.
    """
    scopes = scopes or _default_scopes(session, organization_id, level)
    if isinstance(actor, Caller) and not actor.may_give(level, scopes):
        raise Forbidden(
            "the new key would have more permissions than the key that creates it; request fewer, or use another key",
            param="scopes" if scopes else "level",
        )
    if isinstance(actor, Caller) and livemode and not actor.livemode:
        raise Forbidden("a test key makes test keys only; use a live key to make a live one", param="livemode")
    key, plaintext = create_key(session, organization_id, name=name, level=level, livemode=livemode, scopes=scopes)
    details = {"livemode": key.livemode, "level": key.level, "scopes": key.scopes}
    audit.add_entry(session, actor, "key.created", public_id(key), details, organization_id=organization_id)
    return key, plaintext


def create_key(
    session: Session,
    organization_id: UUID,
    *,
    name: str,
    level: str,
    livemode: bool = False,
    scopes: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """A new key of the organization, and its plaintext, which is stored nowhere and cannot be shown again.

    Args:
        session: writes the key's row.
        organization_id: the organization of the key.
        name: a name for people.
        level: `read` or `manage`.
        livemode: whether it sees and makes live money or test money.
        scopes: permissions; none: all that its level allows, for an affiliate's key all of the partner side.

    Raises:
        InvalidRequest: a level or scope is unknown, or an affiliate's key cannot have it.
    """
    _refuse_unknown("level", [level], LEVELS)
    _refuse_unknown("scopes", scopes, PERMISSIONS)
    scopes = scopes or _default_scopes(session, organization_id, level)
    _refuse_beyond_kind(session, organization_id, scopes)
    plaintext = PREFIXES[livemode] + secrets.token_urlsafe(RANDOM_BYTES)
    key = ApiKey(
        id=ids.new(),
        organization_id=organization_id,
        name=require_line(name, param="name"),
        key_hash=_hash(plaintext),
        hint=plaintext[-HINT_LENGTH:],
        livemode=livemode,
        level=level,
        scopes=sorted(set(scopes)),
    )
    session.add(key)
    session.flush()
    return key, plaintext


def has_manage_key(session: Session, organization_id: UUID, *, livemode: bool) -> bool:
    """Whether the organization has a key of this mode that may do everything and is not revoked."""
    whole = select(ApiKey.id).where(
        ApiKey.organization_id == organization_id,
        ApiKey.livemode == livemode,
        ApiKey.level == "manage",
        ApiKey.scopes == [],
        ApiKey.revoked_at.is_(None),
    )
    return session.scalar(whole.limit(1)) is not None


def has_live_key(session: Session, organization_id: UUID) -> bool:
    """Whether the organization has a live key, with any level and scopes, that is not revoked."""
    live = select(ApiKey.id).where(
        ApiKey.organization_id == organization_id, ApiKey.livemode, ApiKey.revoked_at.is_(None)
    )
    return session.scalar(live.limit(1)) is not None


def list_keys(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> Page[ApiKey]:
    """A page of the keys of these organizations, newest first, with revoked ones. Raises InvalidRequest."""
    matching = select(ApiKey).where(owned_by(ApiKey.organization_id, organization_ids))
    return load_page(session, matching, ApiKey.id, ids.API_KEY, limit=limit, starting_after=starting_after)


def get_key(session: Session, organization_ids: Sequence[UUID], key_id: str) -> ApiKey:
    """The key with this public id, owned by one of these organizations. Raises NotFound."""
    row_id = ids.decode(key_id, ids.API_KEY)
    key = session.get(ApiKey, row_id) if row_id else None
    if key is None or key.organization_id not in organization_ids:
        raise NotFound.of("key", key_id)
    return key


def revoke_key(session: Session, actor: Actor, organization_ids: Sequence[UUID], key_id: str) -> ApiKey:
    """Revoke a key, with an audit entry. A revoked key keeps its first time. Raises NotFound."""
    key = get_key(session, organization_ids, key_id)
    revoked = update(ApiKey).where(ApiKey.id == key.id, ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    if session.execute(revoked.returning(ApiKey.id)).one_or_none() is not None:
        audit.add_entry(session, actor, "key.revoked", public_id(key), organization_id=key.organization_id)
    session.refresh(key)
    return key


def public_id(key: ApiKey) -> str:
    """The key's public id, `key_…`."""
    return ids.encode(ids.API_KEY, key.id)


def authenticate(session: Session, plaintext: str) -> Caller:
    """The caller with this key. Stores the time of use, at most once a minute.

    The session must not be narrowed, since the key's organization is not known yet.

    Raises:
        Unauthenticated: the key is unknown or revoked; the message does not say which.
    """
    # The look-up by hash needs no comparison in constant time: its timing could only reveal the hash.
    query = select(
        ApiKey.id, ApiKey.organization_id, ApiKey.livemode, ApiKey.level, ApiKey.scopes, Organization.kind
    ).join(Organization, Organization.id == ApiKey.organization_id)
    key = session.execute(query.where(ApiKey.key_hash == _hash(plaintext), ApiKey.revoked_at.is_(None))).one_or_none()
    if key is None:
        raise Unauthenticated("this API key is unknown or revoked")
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - text("interval '1 minute'"))
    session.execute(update(ApiKey).where(ApiKey.id == key.id, stale).values(last_used_at=func.now()))
    return Caller(
        key_id=key.id,
        organization_id=key.organization_id,
        organization_ids=own_and_descendants(session, key.organization_id),
        livemode=key.livemode,
        level=key.level,
        scopes=frozenset(key.scopes),
        kind=key.kind,
    )


def _kind(session: Session, organization_id: UUID) -> str:
    return session.scalars(select(Organization.kind).where(Organization.id == organization_id)).one()


def _default_scopes(session: Session, organization_id: UUID, level: str) -> tuple[str, ...]:
    return default_scopes(_kind(session, organization_id), level)


def _refuse_beyond_kind(session: Session, organization_id: UUID, scopes: Sequence[str]) -> None:
    beyond = sorted(set(scopes) - PARTNER_SIDE)
    if beyond and _kind(session, organization_id) == "affiliate":
        allowed = ", ".join(sorted(PARTNER_SIDE))
        message = f"scopes: an affiliate's key cannot have {', '.join(beyond)}; it can have {allowed}"
        raise InvalidRequest(message, param="scopes")


def _hash(plaintext: str) -> str:
    # A key has 256 random bits, so a fast hash is enough.
    return hashlib.sha256(plaintext.encode()).hexdigest()


def _refuse_unknown(param: str, values: Sequence[str], known: Sequence[str]) -> None:
    for word in values:
        if word not in known:
            raise InvalidRequest(f"{param} {word!r} is unknown; use one of {', '.join(known)}", param=param)
