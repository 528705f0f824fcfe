"""Which terms the partners of a program keep: counted by version, before and after the program's terms change."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.partners.models import Partner
from app.programs.models import Program
from app.programs.shapes import StoredCommission
from app.views import Snake


class KeptTerms(Snake):
    """A version of the program's terms, and how many of its active and paused partners have it.

    A partner that will get other terms at a later time counts as having them.
    """

    version: int
    commission: StoredCommission
    partners: int


class Kept(Snake):
    """The partners of a program by the terms that they have: those with their own commission, and those without any."""

    of_program: list[KeptTerms]
    own: int
    pending: int


_LATEST: Final = """
    SELECT partner.id, latest.terms_id, latest.is_override
    FROM partners AS partner CROSS JOIN LATERAL (
        SELECT terms_id, is_override FROM snapshots
        WHERE snapshots.partner_id = partner.id ORDER BY effective_from DESC, snapshots.id DESC LIMIT 1
    ) AS latest
    WHERE partner.program_id = :program_id AND partner.status IN ('active', 'paused')
"""
_COUNT: Final = text(f"""
    SELECT terms.version, terms.commission, counted.is_override, counted.partners
    FROM (SELECT terms_id, is_override, count(*) AS partners FROM ({_LATEST}) AS every GROUP BY 1, 2) AS counted
    JOIN terms ON terms.id = counted.terms_id ORDER BY terms.version DESC
""")
_PENDING: Final = text("SELECT count(*) FROM partners WHERE program_id = :program_id AND status = 'pending'")
_FORMER: Final = text(f"""
    SELECT id FROM ({_LATEST}) AS every WHERE NOT is_override AND terms_id <> :terms_id ORDER BY id LIMIT :limit
""")


def load(session: Session, program: Program) -> Kept:
    """How many partners of the program have which terms."""
    named = {"program_id": program.id}
    rows = session.execute(_COUNT, named).all()
    return Kept(
        of_program=[
            KeptTerms(version=row.version, commission=row.commission, partners=row.partners)
            for row in rows
            if not row.is_override
        ],
        own=sum(row.partners for row in rows if row.is_override),
        pending=session.scalar(_PENDING, named) or 0,
    )


def load_former(session: Session, program: Program, terms_id: UUID, *, limit: int) -> Sequence[Partner]:
    """The first partners, locked, that have terms of the program other than these, and no commission of their own."""
    named = {"program_id": program.id, "terms_id": terms_id, "limit": limit}
    former = session.scalars(_FORMER, named).all()
    return session.scalars(select(Partner).where(Partner.id.in_(former)).order_by(Partner.id).with_for_update()).all()
