"""What partners have earned and what of it is owed, per currency."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from app.ledger import sums
from app.ledger.sums import Sums
from app.partners.models import Partner
from app.programs.models import Program


def of_partner(session: Session, partner: Partner, program: Program) -> list[Sums]:
    """The partner's statistics in every currency it has earned in. `session` sees all of the owner's rows."""
    found = sums.of_partners(session, program.organization_id, program.id, program.time_zone, [partner.id])
    return found.get(partner.id, [])


def of_enrollments(session: Session, enrollments: Iterable[tuple[Partner, Program]]) -> dict[UUID, list[Sums]]:
    """The same for a few partners of different programs, by partner id."""
    return {partner.id: of_partner(session, partner, program) for partner, program in enrollments}


def in_currency(every: list[Sums], currency: str) -> Sums:
    """The statistics in `currency`, all 0 if nothing was earned in it."""
    return next((one for one in every if one.currency == currency), Sums(currency))
