"""Finding statements, and making the preview of the running month."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound
from app.ledger import entries
from app.ledger.checkpoints import ProgramDays
from app.ledger.entries import RecordedLine
from app.ledger.recorded_time import past_balances
from app.ledger.recorded_time.fences import END_OF_TIME
from app.ledger.recorded_time.past_balances import Balance
from app.paging import Page, load_page
from app.partners.models import Partner
from app.programs.models import Program
from app.statements.models import Statement, StatementPeriod
from app.statements.movements import OWED, Movements, between, movements
from app.statements.periods import Period, load_running


def list_statements(
    session: Session,
    partner_ids: Sequence[UUID],
    *,
    livemode: bool,
    limit: int,
    month: date | None = None,
    starting_after: str | None = None,
) -> Page[Statement]:
    """A page of closed statements of these partners, newest first. Raises InvalidRequest."""
    query = select(Statement).where(Statement.partner_id.in_(partner_ids), Statement.livemode == livemode)
    if month is not None:
        query = query.where(Statement.month == month)
    return load_page(session, query, Statement.id, ids.STATEMENT, limit=limit, starting_after=starting_after)


def list_of_program(
    session: Session,
    program: Program,
    month: date,
    *,
    livemode: bool,
    limit: int,
    starting_after: str | None = None,
) -> Page[Statement]:
    """A page of one closed month's statements of all partners of a program, newest first. Raises InvalidRequest."""
    of_month = select(Statement).where(
        Statement.program_id == program.id, Statement.month == month, Statement.livemode == livemode
    )
    return load_page(session, of_month, Statement.id, ids.STATEMENT, limit=limit, starting_after=starting_after)


def closed_months(session: Session, program: Program) -> Sequence[date]:
    """The months of a program that are closed, by their first days, newest first."""
    of_program = select(StatementPeriod.month).where(StatementPeriod.program_id == program.id)
    return session.scalars(of_program.order_by(StatementPeriod.month.desc())).all()


def list_all(session: Session, partner: Partner, *, livemode: bool) -> Sequence[Statement]:
    """All closed statements of a partner, newest first."""
    of_partner = select(Statement).where(Statement.partner_id == partner.id, Statement.livemode == livemode)
    return session.scalars(of_partner.order_by(Statement.id.desc())).all()


def get_statement(session: Session, public_id: str, organization_ids: Sequence[UUID] | None = None) -> Statement:
    """The statement with this id; of these owners, or of any that the session sees. Raises NotFound."""
    query = select(Statement).where(Statement.id == ids.decode(public_id, ids.STATEMENT))
    if organization_ids is not None:
        query = query.where(Statement.organization_id.in_(organization_ids))
    statement = session.scalar(query)
    if statement is None:
        raise NotFound.of("statement", public_id)
    return statement


def load_lines(session: Session, statement: Statement) -> list[RecordedLine]:
    """The postings of a closed statement. `session` sees all of the owner's rows."""
    program = ProgramDays(statement.program_id, statement.organization_id, statement.time_zone)
    recorded = entries.load_recorded_of_partner(
        session, program, statement.partner_id, statement.begins_at, statement.ends_at, livemode=statement.livemode
    )
    return [line for line in recorded if line.currency == statement.currency]


def load_previews(session: Session, partner: Partner, *, livemode: bool) -> list[Statement]:
    """The running month of a partner as statements that are not stored, for each currency.

    They are made of balances, so that a month with many entries takes no longer. `session` sees all of the owner's
    rows.
    """
    period = load_running(session, partner.program_id)
    before = _balances(session, period, partner, period.begins_at, livemode=livemode)
    now = _balances(session, period, partner, END_OF_TIME, livemode=livemode)
    counts = entries.count_of_partner(session, period.days, partner.id, period.begins_at, livemode=livemode)
    former = {statement.currency: statement for statement in _newest(session, partner, livemode=livemode)}
    found = []
    for currency in sorted(now.keys() | former.keys()):
        moved = between(before.get(currency), now.get(currency))
        statement = _preview(
            partner, period, currency, former.get(currency), moved, counts.get(currency, 0), livemode=livemode
        )
        if statement.entry_count or any(getattr(statement, f"closing_{name}_minor") for name in OWED):
            found.append(statement)
    return found


def get_preview(
    session: Session, partner: Partner, currency: str, *, livemode: bool
) -> tuple[Statement, Sequence[RecordedLine]]:
    """The running month in one currency, with its postings.

    Raises:
        NotFound: nothing moved, and nothing is owed.
    """
    period = load_running(session, partner.program_id)
    recorded = entries.load_recorded_of_partner(
        session, period.days, partner.id, period.begins_at, END_OF_TIME, livemode=livemode
    )
    lines = [line for line in recorded if line.currency == currency]
    former = {one.currency: one for one in _newest(session, partner, livemode=livemode)}.get(currency)
    entry_count = len({line.entry_id for line in lines})
    statement = _preview(partner, period, currency, former, movements(lines), entry_count, livemode=livemode)
    if lines or any(getattr(statement, f"closing_{name}_minor") for name in OWED):
        return statement, lines
    public_id = ids.encode(ids.PARTNER, partner.id)
    raise NotFound(f"nothing of {public_id} moved this month in {currency}, and nothing is owed", param="currency")


def running_month(session: Session, partner: Partner) -> date:
    """The first day of the month that is not closed yet."""
    return load_running(session, partner.program_id).month


def month_of(text: str) -> date:
    """The first day of a month, from `2026-10`. Raises InvalidRequest."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidRequest(f"month {text!r} is not a month; write 2026-10", param="month") from None


def _balances(
    session: Session, period: Period, partner: Partner, at: datetime, *, livemode: bool
) -> dict[str, Balance]:
    """The partner's balances at a time, by currency."""
    found = past_balances.load(session, period.days, at, livemode=livemode, partner_ids=[partner.id])
    return {balance.currency: balance for balance in found}


def _newest(session: Session, partner: Partner, *, livemode: bool) -> Sequence[Statement]:
    """The last statement in each currency."""
    query = (
        select(Statement)
        .ext(distinct_on(Statement.currency))
        .where(Statement.partner_id == partner.id, Statement.livemode == livemode)
        .order_by(Statement.currency, Statement.number.desc())
    )
    return session.scalars(query).all()


def _preview(
    partner: Partner,
    period: Period,
    currency: str,
    former: Statement | None,
    moved: Movements,
    entry_count: int,
    *,
    livemode: bool,
) -> Statement:
    opening = {name: int(getattr(former, f"closing_{name}_minor", 0)) for name in OWED}
    return Statement(
        organization_id=partner.organization_id,
        program_id=partner.program_id,
        partner_id=partner.id,
        livemode=livemode,
        currency=currency,
        number=1 if former is None else former.number + 1,
        month=period.month,
        time_zone=period.time_zone,
        begins_at=period.begins_at,
        ends_at=period.ends_at,
        **{f"opening_{name}_minor": minor for name, minor in opening.items()},
        **{f"closing_{name}_minor": minor + moved.owed(name) for name, minor in opening.items()},
        earned_minor=moved.earned_minor,
        paid_minor=moved.paid_minor,
        fee_minor=moved.fee_minor,
        written_off_minor=moved.written_off_minor,
        entry_count=entry_count,
        unprocessed_events=0,
        previous_hash=None if former is None else former.hash,
    )
