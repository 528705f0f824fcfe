"""Finding partners: one by its id, many by status and words."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app import ids
from app.api.pages import cut, owned_by
from app.errors import NotFound
from app.partners.models import Partner

STATUSES_OF: Final[dict[str, tuple[str, ...]]] = {
    "invited": ("pending",),
    "active": ("active",),
    "deactivated": ("paused", "banned", "deactivated"),
}
"""What each status of the partners surface stands for."""


def get_partner(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> Partner:
    """The partner with this `par_…` or `aff_…` id, if it is one of these organizations'. Raises NotFound.

    `to_change` locks its row, so that two changes at once do not both see what was before.
    """
    key = ids.decode(public_id, *ids.PARTNER_PREFIXES)
    wanted = select(Partner).where(Partner.id == key, Partner.organization_id.in_(organization_ids))
    found = session.scalar(wanted.with_for_update() if to_change else wanted)
    if found is None:
        raise NotFound("there is no such partner", code="partner_not_found")
    return found


def list_partners(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
    status: str | None = None,
    search: str | None = None,
) -> tuple[list[Partner], int]:
    """A page of partners, newest first, and how many there are on all pages.

    Args:
        session: a request's.
        organization_ids: the owners.
        limit: rows a page.
        page: counted from 1.
        starting_after: a partner's public id.
        status: as the partners surface names it.
        search: part of an e-mail, a name or a slug.

    Raises:
        InvalidRequest: `starting_after` is no partner's id.
    """
    matching = select(Partner).where(owned_by(Partner.organization_id, organization_ids))
    if status is not None:
        matching = matching.where(Partner.status.in_(STATUSES_OF[status]))
    if search:
        matching = matching.where(_mentions(search))
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    return list(session.scalars(_page(matching, limit, page, starting_after))), total


def list_newest(
    session: Session, organization_ids: Sequence[UUID], *, limit: int, page: int, starting_after: str | None
) -> list[Partner]:
    """A page of partners, newest first, uncounted. Raises InvalidRequest as `list_partners` does."""
    owned = select(Partner).where(owned_by(Partner.organization_id, organization_ids))
    return list(session.scalars(_page(owned, limit, page, starting_after)))


def _page(statement: Select[Partner], limit: int, page: int, starting_after: str | None) -> Select[Partner]:
    return cut(statement, Partner.id, *ids.PARTNER_PREFIXES, limit=limit, page=page, starting_after=starting_after)


def _mentions(words: str) -> ColumnElement[bool]:
    name = func.concat_ws(" ", Partner.first_name, Partner.last_name)
    return or_(*(column.icontains(words.strip(), autoescape=True) for column in (Partner.email, Partner.slug, name)))
