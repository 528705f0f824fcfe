"""Client keys: creates, changes, lists and revokes them, and identifies app users by them and a session token.

The key itself names the merchant and may be public, as it is part of an app. Its secret stays in the merchant's
backend: it is shown once and stored encrypted, because signatures are checked with it.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.errors import InvalidRequest, NotFound, Unauthenticated
from app.organizations import audit
from app.organizations.actors import Actor, AppUser
from app.organizations.hierarchy import require_merchant
from app.paging import Page, load_page, owned_by
from app.referrals import session_tokens
from app.referrals.models import ClientKey
from app.texts import require_line

PREFIXES: Final = {True: "rfk_live_", False: "rfk_test_"}
KEY_BYTES: Final = 16
SECRET_BYTES: Final = 48
PER_CODE: Final = "per_code"
ONCE: Final = "once"
CLAIMS: Final = (PER_CODE, ONCE)


def create(
    session: Session,
    actor: Actor,
    organization_id: UUID,
    settings: Settings,
    *,
    livemode: bool,
    name: str,
    claims: str = PER_CODE,
) -> tuple[ClientKey, str]:
    """A new client key of the organization, and the secret that signs its session tokens, which is never shown again.

    Args:
        session: writes the key and the audit entry.
        actor: who creates it.
        organization_id: the merchant whose app users it serves.
        settings: for the secret key that encrypts the secret.
        livemode: the mode of its codes, claims and balances.
        name: a name for people.
        claims: `per_code` or `once`.

    Raises:
        InvalidRequest: names the field.
        Conflict: `not_a_merchant`.
    """
    require_merchant(session, organization_id)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = ClientKey(
        id=ids.new(),
        organization_id=organization_id,
        livemode=livemode,
        name=require_line(name, param="name"),
        client_key=PREFIXES[livemode] + secrets.token_urlsafe(KEY_BYTES),
        secret_encrypted=sealing.seal(secret, settings),
        claims=_known_claims(claims),
    )
    session.add(key)
    session.flush()
    _add_entry(session, actor, "client_key.created", key, claims=key.claims)
    return key, secret


def change(session: Session, actor: Actor, key: ClientKey, changes: Mapping[str, Any]) -> ClientKey:
    """Change the given ones of `name` and `claims`. Claims made before stay. Raises InvalidRequest."""
    if "name" in changes:
        key.name = require_line(changes["name"], param="name")
    if "claims" in changes:
        key.claims = _known_claims(changes["claims"])
    session.flush()
    _add_entry(session, actor, "client_key.updated", key, changed=sorted(changes))
    return key


def revoke(session: Session, actor: Actor, key: ClientKey) -> ClientKey:
    """Revoke a key and delete its secret; no session token of it is valid any more. Its codes and claims stay."""
    if key.revoked_at is None:
        key.revoked_at, key.secret_encrypted = datetime.now(UTC), None
        session.flush()
        _add_entry(session, actor, "client_key.revoked", key)
    return key


def list_keys(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> Page[ClientKey]:
    """A page of the client keys of these organizations, newest first, with revoked ones. Raises InvalidRequest."""
    matching = select(ClientKey).where(owned_by(ClientKey.organization_id, organization_ids))
    return load_page(session, matching, ClientKey.id, ids.CLIENT_KEY, limit=limit, starting_after=starting_after)


def get_key(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> ClientKey:
    """The client key with this `cky_…` id of one of these organizations; `to_change` locks it. Raises NotFound."""
    matching = select(ClientKey).where(
        ClientKey.id == ids.decode(public_id, ids.CLIENT_KEY), ClientKey.organization_id.in_(organization_ids)
    )
    key = session.scalar(matching.with_for_update() if to_change else matching)
    if key is None:
        raise NotFound.of("client key", public_id)
    return key


def authenticate(session: Session, client_key: str, token: str, settings: Settings) -> AppUser:
    """The app user of a request, by its client key and session token. Stores the time of use, at most once a minute.

    The session must not be narrowed, since the merchant is not known yet.

    Raises:
        Unauthenticated: the key is unknown or revoked, or the token is not valid.
    """
    columns = (
        ClientKey.id,
        ClientKey.organization_id,
        ClientKey.livemode,
        ClientKey.secret_encrypted,
        ClientKey.claims,
    )
    usable = select(*columns).where(ClientKey.client_key == client_key, ClientKey.revoked_at.is_(None))
    key = session.execute(usable).one_or_none()
    if key is None or key.secret_encrypted is None:
        raise Unauthenticated("the client key in X-Api-Key is unknown or revoked")
    secret = sealing.unseal(key.secret_encrypted, settings)
    app_user_id = session_tokens.app_user_of(token, secret, now=datetime.now(UTC))
    stale = or_(ClientKey.last_used_at.is_(None), ClientKey.last_used_at < func.now() - text("interval '1 minute'"))
    session.execute(update(ClientKey).where(ClientKey.id == key.id, stale).values(last_used_at=func.now()))
    return AppUser(key.id, key.organization_id, key.livemode, app_user_id, claims_once=key.claims == ONCE)


def reseal_all(session: Session, actor: Actor, settings: Settings) -> int:
    """Re-encrypt the secrets of all client keys with the newest secret key; returns their number.

    Raises:
        ConfigurationError: a secret cannot be decrypted with any of our keys; then nothing is changed.
    """
    signing = select(ClientKey).where(ClientKey.secret_encrypted.is_not(None))
    keys = session.scalars(signing.order_by(ClientKey.id).with_for_update()).all()
    for key in keys:
        assert key.secret_encrypted is not None, "selected by it"
        key.secret_encrypted = sealing.reseal(key.secret_encrypted, settings)
    session.flush()
    for key in keys:
        _add_entry(session, actor, "client_key.resealed", key)
    return len(keys)


def _known_claims(claims: str) -> str:
    if claims not in CLAIMS:
        raise InvalidRequest(f"claims {claims!r} is unknown; use one of {', '.join(CLAIMS)}", param="claims")
    return claims


def _add_entry(session: Session, actor: Actor, action: str, key: ClientKey, **details: Any) -> None:
    subject_id = ids.encode(ids.CLIENT_KEY, key.id)
    owner, livemode = key.organization_id, key.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
