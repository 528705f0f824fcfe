"""The explanation of a program: its status, its present terms, its landing page, its partners by status."""

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.partners.models import Partner
from app.programs import terms
from app.programs.models import Program
from app.programs.terms import StoredCommission
from app.views import Snake


class ProgramStanding(Snake):
    """A program, with everything that decides what its partners earn."""

    id: str
    name: str
    status: str
    currency: str
    landing_url: str | None
    conversion_kind: str
    terms_version: int
    commission: StoredCommission
    commission_base: str
    holdback_days: int | None
    attribution_model: str
    attribution_window_days: int
    partners: dict[str, int] = Field(description="How many partners have each status.")


def standing_of(session: Session, program: Program) -> ProgramStanding:
    """The present state of the program."""
    newest = terms.terms_in_force(session, program.id)
    count = select(Partner.status, func.count().label("number")).where(Partner.program_id == program.id)
    statuses = session.execute(count.group_by(Partner.status).order_by(Partner.status)).all()
    return ProgramStanding(
        id=ids.encode(ids.PROGRAM, program.id),
        name=program.name,
        status=program.status,
        currency=program.currency,
        landing_url=program.landing_url,
        conversion_kind=program.conversion_kind,
        terms_version=newest.version,
        commission=newest.commission,
        commission_base=newest.commission_base,
        holdback_days=newest.holdback_days,
        attribution_model=program.attribution_model,
        attribution_window_days=program.attribution_window_days,
        partners={row.status: row.number for row in statuses},
    )
