"""Browser keys: creates, lists and revokes them, and admits pages by them.

A browser key is public, as it is part of a page. It can only report visits and claim sign-ups, from allowed origins.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.hierarchy import require_merchant
from app.paging import Page, load_page, owned_by
from app.signups.models import BrowserKey
from app.texts import require_line

PREFIX: Final = "apk_"
PREFIXES: Final = {True: f"{PREFIX}live_", False: f"{PREFIX}test_"}
KEY_BYTES: Final = 16
MAX_ORIGINS: Final = 50
MAX_SHOWN: Final = 100
_ORIGIN: Final = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")


def create(
    session: Session,
    actor: Actor,
    organization_id: UUID,
    *,
    livemode: bool,
    name: str,
    allowed_origins: Sequence[str],
) -> BrowserKey:
    """A new browser key of the organization, with the audit entry.

    Args:
        session: writes the key and the audit entry.
        actor: who creates it.
        organization_id: the merchant whose pages it is for.
        livemode: the mode of the sign-ups it claims.
        name: a name for people.
        allowed_origins: the origins of the pages that may use it: `https://shop.example.com`.

    Raises:
        InvalidRequest: names the field.
        Conflict: `not_a_merchant`.
    """
    require_merchant(session, organization_id)
    key = BrowserKey(
        id=ids.new(),
        organization_id=organization_id,
        livemode=livemode,
        name=require_line(name, param="name"),
        browser_key=PREFIXES[livemode] + secrets.token_urlsafe(KEY_BYTES),
        allowed_origins=_origins(allowed_origins),
    )
    session.add(key)
    session.flush()
    _note(session, actor, "browser_key.created", key, {"allowed_origins": key.allowed_origins})
    return key


def revoke(session: Session, actor: Actor, key: BrowserKey) -> BrowserKey:
    """Revoke a key, with the audit entry; what it reported stays. A revoked key keeps its first time."""
    if key.revoked_at is None:
        key.revoked_at = datetime.now(UTC)
        session.flush()
        _note(session, actor, "browser_key.revoked", key, {})
    return key


def list_keys(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, starting_after: str | None = None
) -> Page[BrowserKey]:
    """A page of the browser keys of these organizations, newest first, with revoked ones. Raises InvalidRequest."""
    matching = select(BrowserKey).where(owned_by(BrowserKey.organization_id, organization_ids))
    return load_page(session, matching, BrowserKey.id, ids.BROWSER_KEY, limit=limit, starting_after=starting_after)


def get_key(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> BrowserKey:
    """The browser key with this `bky_…` id of one of these organizations; `to_change` locks it. Raises NotFound."""
    matching = select(BrowserKey).where(
        BrowserKey.id == ids.decode(public_id, ids.BROWSER_KEY), BrowserKey.organization_id.in_(organization_ids)
    )
    key = session.scalar(matching.with_for_update() if to_change else matching)
    if key is None:
        raise NotFound.of("browser key", public_id)
    return key


def admit(session: Session, browser_key: str, origin: str | None) -> BrowserKey:
    """The key of a page on one of its origins.

    The session must not be narrowed, since the key's organization is not known yet.

    Raises:
        Unauthenticated: the key is unknown or revoked.
        Forbidden: `origin_refused`: the page has another origin, or sends none.
    """
    key = session.scalar(
        select(BrowserKey).where(BrowserKey.browser_key == browser_key, BrowserKey.revoked_at.is_(None))
    )
    if key is None:
        raise Unauthenticated("this browser key is unknown or revoked; create one with POST /api/v1/browser-keys")
    if (origin or "").lower() not in key.allowed_origins:
        shown = f"the page {origin[:MAX_SHOWN]!r} is not" if origin else "a request without Origin is not of"
        raise Forbidden(
            f"{shown} one of this key's allowed_origins; create a key that has the page's origin",
            code="origin_refused",
        )
    return key


def has_origin(session: Session, origin: str) -> bool:
    """Whether any key may be used by pages of this origin. The session must not be narrowed."""
    allowed = select(BrowserKey.id).where(
        any_(BrowserKey.allowed_origins) == origin.lower(), BrowserKey.revoked_at.is_(None)
    )
    return session.scalar(allowed.limit(1)) is not None


def _origins(allowed: Sequence[str]) -> list[str]:
    if not 1 <= len(allowed) <= MAX_ORIGINS:
        raise InvalidRequest(
            f"allowed_origins has {len(allowed)} entries; send 1 to {MAX_ORIGINS} origins", param="allowed_origins"
        )
    origins = sorted({origin.strip().lower() for origin in allowed})
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidRequest(
                f"allowed_origins: {origin[:MAX_SHOWN]!r} is no origin; send scheme and host without a path, such as "
                "https://shop.example.com",
                param="allowed_origins",
            )
    return origins


def _note(session: Session, actor: Actor, action: str, key: BrowserKey, details: dict[str, Any]) -> None:
    subject_id = ids.encode(ids.BROWSER_KEY, key.id)
    owner, livemode = key.organization_id, key.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
