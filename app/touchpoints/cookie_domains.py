"""Commands: where the cookie of an owner's links is set."""

import re
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import domains, ids
from app.errors import InvalidRequest
from app.organizations import actors, audit
from app.touchpoints.memory import cookie_name
from app.touchpoints.models import CookieDomain
from app.touchpoints.views import CookieDomainBody

DOMAIN: Final = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_SHOWN: Final = 60


def change(session: Session, actor: actors.Actor, organization_id: UUID, domain: str) -> None:
    """Set the domain of the owner's cookie. Cookies that browsers have already stay where they are.

    Args:
        session: writes the row and the audit entry.
        actor: who sets it.
        organization_id: the owner.
        domain: such as `shop.example.com`, without scheme and port; links on hosts outside of it set a cookie of their
            own host.

    Raises:
        InvalidRequest: it is not a domain, or one that sites of different owners share, such as `co.uk`.
    """
    folded = domain.strip().lower().removeprefix(".")
    if not DOMAIN.fullmatch(folded):
        shown = repr(domain[:MAX_SHOWN])
        raise InvalidRequest(f"domain {shown} is not a domain; give one such as shop.example.com", param="domain")
    if domains.is_public_suffix(folded):
        raise InvalidRequest(
            f"domain {folded!r} is shared by sites of different owners, so browsers refuse a cookie for it; give the "
            f"domain of your site, such as shop.{folded}",
            param="domain",
        )
    columns = {"domain": folded, "updated_at": func.now()}
    stored = insert(CookieDomain).values(organization_id=organization_id, **columns)
    session.execute(stored.on_conflict_do_update(index_elements=["organization_id"], set_=columns))
    session.expire_all()
    _audit(session, actor, organization_id, "cookie_domain.set", {"domain": folded})


def remove(session: Session, actor: actors.Actor, organization_id: UUID) -> None:
    """Remove the domain: the cookie is that of the links' host again. Does nothing if there is none."""
    removed = delete(CookieDomain).where(CookieDomain.organization_id == organization_id)
    if session.scalars(removed.returning(CookieDomain.organization_id)).first() is not None:
        _audit(session, actor, organization_id, "cookie_domain.removed", {})


def load_body(session: Session, organization_id: UUID) -> CookieDomainBody:
    """Where the owner's cookie is set, and its name."""
    row = session.get(CookieDomain, organization_id)
    return CookieDomainBody(
        domain=row and row.domain, cookie_name=cookie_name(organization_id), updated_at=row and row.updated_at
    )


def _audit(session: Session, actor: actors.Actor, organization_id: UUID, action: str, details: dict[str, str]) -> None:
    organization = ids.encode(ids.ORGANIZATION, organization_id)
    audit.add_entry(session, actor, action, organization, details, organization_id=organization_id)
