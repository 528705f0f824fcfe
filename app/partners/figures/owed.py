"""Balances of the partners of an owner's programs: earned, paid and owed amounts by currency."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.ledger import sums
from app.ledger.sums import Sums
from app.paging import owned_by
from app.partners.models import Partner
from app.programs.models import Program

PARTNERS_AT_ONCE: Final = 200


@immutable
class Balance:
    """One partner's balance in one currency.

    Attributes:
        code: the partner's current code.
        figures: the sums of its commissions, in minor units.
    """

    partner_id: UUID
    code: str
    program_name: str
    figures: Sums

    @property
    def owed_minor(self) -> int:
        """Earned and not paid yet; negative if reversals of paid commissions exceed what was earned since."""
        return self.figures.pending_minor + self.figures.approved_minor


def balances(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool,
    program_id: UUID | None = None,
    partner_id: UUID | None = None,
) -> Iterator[Balance]:
    """The live or test balances of partners, by program and code, without partners that never earned any."""
    programs = select(Program).where(owned_by(Program.organization_id, organization_ids)).order_by(Program.id)
    for program in session.scalars(programs if program_id is None else programs.where(Program.id == program_id)).all():
        enrolled = select(Partner.id, Partner.slug).where(Partner.program_id == program.id).order_by(Partner.slug)
        if partner_id is not None:
            enrolled = enrolled.where(Partner.id == partner_id)
        rows = session.execute(enrolled).all()
        for start in range(0, len(rows), PARTNERS_AT_ONCE):
            codes = {row.id: row.slug for row in rows[start : start + PARTNERS_AT_ONCE]}
            yield from _balances_of_program(session, program, codes, livemode=livemode)


def _balances_of_program(
    session: Session, program: Program, codes: dict[UUID, str], *, livemode: bool
) -> Iterator[Balance]:
    earned = sums.of_partners(
        session, program.organization_id, program.id, program.time_zone, list(codes), livemode=livemode
    )
    for partner_id, code in codes.items():
        for figures in earned.get(partner_id, ()):
            yield Balance(partner_id, code, program.name, figures)
