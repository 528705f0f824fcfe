"""A statement as rows for a spreadsheet, and as text for a page that can be printed."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from app.csv_text import cells, columns, lines
from app.immutable import immutable
from app.money import format_money
from app.partners.models import Partner
from app.programs.models import Program
from app.sentences import catalogue
from app.statements.lines import StatementLine
from app.statements.models import Statement
from app.statements.movements import OWED
from app.statements.views import StatementBody
from app.times import format_day
from app.views import ExactInstant, Instant, Snake

ACCOUNTS: Final = (*OWED, "paid", "fee", "written_off")
"""The columns of amounts that entries change."""


class StatementRow(Snake):
    """A row of a statement as CSV: the opening, an entry, or the closing."""

    statement_id: str | None
    month: str
    partner_id: str
    currency: str
    kind: str
    occurred_at: Instant | None = None
    recorded_at: ExactInstant | None = None
    entry_id: str | None = None
    commission_id: str | None = None
    opening_balance_id: str | None = None
    payout_id: str | None = None
    text: str = ""
    accrued_cents: int
    payable_cents: int
    clearing_cents: int
    paid_cents: int = 0
    fee_cents: int = 0
    written_off_cents: int = 0
    owed_cents: int


@immutable
class Heading:
    """Whose statement it is, in names."""

    program: str
    partner: str


def load_heading(session: Session, statement: Statement) -> Heading:
    """The names above a statement. `session` sees the partner and its program."""
    partner = session.get_one(Partner, statement.partner_id)
    program = session.get_one(Program, statement.program_id)
    return Heading(program.name, partner.full_name or partner.slug)


def as_csv(statement: StatementBody) -> str:
    """The opening, every entry and the closing, as CSV with a header."""
    return lines([columns(StatementRow), *map(cells, _rows(statement))])


def csv_header() -> str:
    """The first line of `as_csv`."""
    return lines([columns(StatementRow)])


def as_text(statement: StatementBody, heading: Heading) -> dict[str, Any]:
    """What the page shows: dates in the statement's time zone and amounts as money, in the language in use."""
    language, zone = catalogue.current().language, statement.time_zone

    def money(minor: int) -> str:
        return format_money(minor, statement.currency, language)

    def row(line: StatementLine) -> dict[str, Any]:
        return {
            "recorded": format_day(line.recorded_at, zone, language),
            "occurred": format_day(line.occurred_at, zone, language),
            "sentences": line.sentences,
            "amounts": [money(getattr(line, f"{name}_cents")) for name in ACCOUNTS],
            "owed": money(line.owed_cents),
        }

    sides = {
        side: [money(getattr(statement, f"{side}_{name}_cents")) for name in OWED] for side in ("opening", "closing")
    }
    totals = ("opening", "earned", "paid", "fee", "written_off", "closing")
    return {
        "heading": heading,
        "statement": statement,
        "begins": format_day(statement.begins_at, zone, language),
        "ends": format_day(statement.ends_at, zone, language),
        "totals": {name: money(getattr(statement, f"{name}_cents")) for name in totals},
        "sides": sides,
        "rows": [row(line) for line in statement.lines],
    }


def _rows(statement: StatementBody) -> Iterator[StatementRow]:
    shared = {
        "statement_id": statement.id,
        "month": statement.month,
        "partner_id": statement.partner_id,
        "currency": statement.currency,
    }

    def owed(side: str) -> dict[str, int]:
        parts = {f"{name}_cents": getattr(statement, f"{side}_{name}_cents") for name in OWED}
        return {**parts, "owed_cents": getattr(statement, f"{side}_cents")}

    yield StatementRow(**shared, kind="opening", **owed("opening"))
    for line in statement.lines:
        values = line.model_dump(exclude={"sentences", "commission_count"})
        yield StatementRow(**shared, **values, text=" ".join(line.sentences))
    totals = {f"{name}_cents": getattr(statement, f"{name}_cents") for name in ("paid", "fee", "written_off")}
    yield StatementRow(**shared, kind="closing", **owed("closing"), **totals)
