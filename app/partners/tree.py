"""Who invited whom: a partner's uplines, and setting its parent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidRequest
from app.partners.models import Partner

CYCLE_CONSTRAINT: Final = "ck_partners_parent_cycle"
PROGRAM_CONSTRAINT: Final = "ck_partners_parent_of_program"
MOST_LEVELS: Final = 20
"""As many as a ladder may have."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A partner so many steps above another. `level` counts all of them, active or not."""

    level: int
    partner_id: UUID
    partner_organization_id: UUID | None
    is_active: bool


# Each step up the tree, from all of the partners at once.
_ABOVE = text("""
    WITH RECURSIVE above AS (
        SELECT id AS below_id, parent_id, 0 AS level FROM partners
        WHERE organization_id = :owner AND id = ANY(:partner_ids)
        UNION ALL
        SELECT above.below_id, partners.parent_id, above.level + 1
        FROM above JOIN partners ON partners.id = above.parent_id
        WHERE above.level + 1 < :most_levels
    )
    SELECT above.below_id, above.level + 1 AS level, partners.id AS partner_id, partners.partner_organization_id,
           partners.status = 'active' AS is_active
    FROM above JOIN partners ON partners.id = above.parent_id
    ORDER BY above.below_id, above.level
""")


def ancestors_of(session: Session, owner: UUID, partner_ids: Collection[UUID]) -> dict[UUID, list[Ancestor]]:
    """Everybody above each of these partners, from the parent up; a partner at the top has none and is left out."""
    found: dict[UUID, list[Ancestor]] = {}
    values = {"owner": owner, "partner_ids": sorted(partner_ids), "most_levels": MOST_LEVELS}
    for row in session.execute(_ABOVE, values).mappings() if partner_ids else ():
        named = dict(row)
        found.setdefault(named.pop("below_id"), []).append(Ancestor(**named))
    return found


_ORGANIZATIONS = text("SELECT id, partner_organization_id FROM partners WHERE id = ANY(:partner_ids)")


def organizations_of(session: Session, partner_ids: Collection[UUID]) -> Mapping[UUID, UUID | None]:
    """The partners' own organizations, None for one that has none yet."""
    rows = session.execute(_ORGANIZATIONS, {"partner_ids": sorted(partner_ids)}) if partner_ids else ()
    return {row.id: row.partner_organization_id for row in rows}


def set_parent(session: Session, partner: Partner, parent: Partner | None) -> None:
    """Put the partner under another, or under nobody; what was earned before stays as it is.

    Raises:
        InvalidRequest: `parent` is of another program.
        Conflict: `parent_cycle`: it is below the partner, or is the partner. The caller rolls back.
    """
    if parent is not None and parent.program_id != partner.program_id:
        raise _of_another_program()
    partner.parent_id = parent.id if parent is not None else None
    try:
        session.flush()
    except IntegrityError as refused:
        constraint = getattr(getattr(refused.orig, "diag", None), "constraint_name", None)
        if constraint == CYCLE_CONSTRAINT:
            raise Conflict(
                "a partner cannot be above itself: this parent is below it", code="parent_cycle", param="parent_id"
            ) from None
        if constraint == PROGRAM_CONSTRAINT:
            raise _of_another_program() from None
        raise


def _of_another_program() -> InvalidRequest:
    return InvalidRequest("parent_id must name a partner of the same program", param="parent_id")
