"""Partners' statistics per currency: earned, pending, approved and paid amounts."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from app.ledger import sums
from app.ledger.sums import Sums
from app.partners.models import Partner
from app.programs.models import Program


def load_for_partner(session: Session, partner: Partner, program: Program, *, livemode: bool) -> list[Sums]:
    """The partner's live or test statistics in each currency. `session` must see all of the owner's rows."""
    by_partner = sums.of_partners(
        session, program.organization_id, program.id, program.time_zone, [partner.id], livemode=livemode
    )
    return by_partner.get(partner.id, [])


def load_for_enrollments(
    session: Session, enrollments: Iterable[tuple[Partner, Program]], *, livemode: bool
) -> dict[UUID, list[Sums]]:
    """The statistics of a few partners of different programs, by partner id; one query for each partner."""
    return {
        partner.id: load_for_partner(session, partner, program, livemode=livemode) for partner, program in enrollments
    }


def in_currency(by_currency: list[Sums], currency: str) -> Sums:
    """The statistics in `currency`, all 0 if nothing was earned in it."""
    return next((figures for figures in by_currency if figures.currency == currency), Sums(currency))
