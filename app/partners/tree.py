"""The tree of partners: a partner's uplines, and setting its parent."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.partners.models import Partner

CYCLE_CONSTRAINT: Final = "ck_partners_parent_cycle"
PROGRAM_CONSTRAINT: Final = "ck_partners_parent_of_program"
MAX_LEVELS: Final = 20
"""The maximum length of a multi-level ladder."""


@immutable
class Ancestor:
    """An upline of a partner, `level` steps above it. Inactive uplines count as a step too."""

    level: int
    partner_id: UUID
    partner_organization_id: UUID | None
    is_active: bool


# Walks up the tree from all of the partners at once.
_ABOVE = text("""
    WITH RECURSIVE above AS (
        SELECT id AS below_id, parent_id, 0 AS level FROM partners
        WHERE organization_id = :owner AND id = ANY(:partner_ids)
        UNION ALL
        SELECT above.below_id, partners.parent_id, above.level + 1
        FROM above JOIN partners ON partners.id = above.parent_id
        WHERE above.level + 1 < :max_levels
    )
    SELECT above.below_id, above.level + 1 AS level, partners.id AS partner_id, partners.partner_organization_id,
           partners.status = 'active' AS is_active
    FROM above JOIN partners ON partners.id = above.parent_id
    ORDER BY above.below_id, above.level
""")


def ancestors_of(session: Session, owner: UUID, partner_ids: Collection[UUID]) -> dict[UUID, list[Ancestor]]:
    """The uplines of each of these partners, from the parent up; partners without a parent have no entry."""
    ancestors: dict[UUID, list[Ancestor]] = {}
    values = {"owner": owner, "partner_ids": sorted(partner_ids), "max_levels": MAX_LEVELS}
    for row in session.execute(_ABOVE, values).mappings() if partner_ids else ():
        fields = dict(row)
        ancestors.setdefault(fields.pop("below_id"), []).append(Ancestor(**fields))
    return ancestors


_ORGANIZATIONS = text("SELECT id, partner_organization_id FROM partners WHERE id = ANY(:partner_ids)")


def organizations_of(session: Session, partner_ids: Collection[UUID]) -> Mapping[UUID, UUID | None]:
    """The organizations of these partners by partner id; None for a partner that has not joined yet."""
    rows = session.execute(_ORGANIZATIONS, {"partner_ids": sorted(partner_ids)}) if partner_ids else ()
    return {row.id: row.partner_organization_id for row in rows}


def set_parent(session: Session, partner: Partner, parent: Partner | None) -> None:
    """Set or clear the partner's parent. Commissions earned before do not change.

    Raises:
        InvalidRequest: `parent` is a partner of another program.
        Conflict: `parent_cycle`: `parent` is the partner itself or below it. The caller rolls back.
    """
    if parent is not None and parent.program_id != partner.program_id:
        raise _wrong_program()
    partner.parent_id = parent.id if parent is not None else None
    try:
        session.flush()
    except IntegrityError as violation:
        constraint = db.violated_constraint(violation)
        if constraint == CYCLE_CONSTRAINT:
            raise Conflict(
                "parent_id names the partner itself or a partner below it; choose another parent",
                code="parent_cycle",
                param="parent_id",
            ) from None
        if constraint == PROGRAM_CONSTRAINT:
            raise _wrong_program() from None
        raise


def _wrong_program() -> InvalidRequest:
    return InvalidRequest("parent_id must name a partner of the same program", param="parent_id")
