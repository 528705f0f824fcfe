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


class ProgramState(Snake):
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


def state_of(session: Session, program: Program) -> ProgramState:
    """The present state of the program."""
    newest = terms.terms_in_force(session, program.id)
    count = select(Partner.status, func.count().label("number")).where(Partner.program_id == program.id)
    statuses = session.execute(count.group_by(Partner.status).order_by(Partner.status)).all()
    return ProgramState(
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


def summary_of(state: ProgramState) -> str:
    """Whether its partners earn, and if not, why, in one sentence."""
    if state.status != "active":
        return say("program.not_active", name=state.name, status=say(f"status.{state.status}"))
    if not state.partners.get("active"):
        return say("program.no_active_partner", name=state.name)
    return say("program.active", name=state.name, offer=shape_of(state.commission).offer(state.currency))


def sentences_of(state: ProgramState) -> Iterator[str]:
    """All sentences about a program."""
    yield say(
        "program.terms" if state.holdback_days is None else "program.terms_held",
        version=state.terms_version,
        offer=shape_of(state.commission).offer(state.currency),
        base=say(f"base_kind.{state.commission_base}"),
        holdback=say("count.days", count=state.holdback_days or 0),
    )
    yield say(f"program.{state.attribution_model}", count=state.attribution_window_days)
    if state.conversion_kind != "payment":
        yield say("program.counts_reports", kind=state.conversion_kind)
    if state.landing_url is None:
        yield say("program.no_landing_page")
    else:
        yield say("program.landing_page", url=state.landing_url)
    if not state.partners:
        yield say("program.no_partners")
        return
    counted = (
        say("program.partners_of_status", number=number, status=say(f"status.{status}"))
        for status, number in state.partners.items()
    )
    yield say("program.partners", counted=listed(counted))
