"""The explanation of a program: its status, its present terms, its landing page, its partners by status."""

from collections.abc import Iterator

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.partners.models import Partner
from app.programs import terms
from app.programs.models import Program
from app.programs.shapes import StoredCommission, shape_of
from app.sentences.say import listed, say
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


def summary_of(standing: ProgramStanding) -> str:
    """Whether its partners earn, and if not, why, in one sentence."""
    if standing.status != "active":
        return say("program.not_active", name=standing.name, status=say(f"status.{standing.status}"))
    if not standing.partners.get("active"):
        return say("program.no_active_partner", name=standing.name)
    return say("program.active", name=standing.name, offer=shape_of(standing.commission).offer(standing.currency))


def sentences_of(standing: ProgramStanding) -> Iterator[str]:
    """All sentences about a program."""
    yield say(
        "program.terms" if standing.holdback_days is None else "program.terms_held",
        version=standing.terms_version,
        offer=shape_of(standing.commission).offer(standing.currency),
        base=say(f"base_kind.{standing.commission_base}"),
        holdback=standing.holdback_days or 0,
    )
    yield say(f"program.{standing.attribution_model}", count=standing.attribution_window_days)
    if standing.conversion_kind != "payment":
        yield say("program.counts_reports", kind=standing.conversion_kind)
    if standing.landing_url is None:
        yield say("program.no_landing_page")
    else:
        yield say("program.landing_page", url=standing.landing_url)
    if not standing.partners:
        yield say("program.no_partners")
        return
    counted = (
        say("program.partners_of_status", number=number, status=say(f"status.{status}"))
        for status, number in standing.partners.items()
    )
    yield say("program.partners", counted=listed(counted))
