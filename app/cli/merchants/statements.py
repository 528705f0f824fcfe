"""`accrual statements` and `accrual statement`: what partners earned and received, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli import organization as organizations
from app.cli import printing
from app.cli.finding import find_partner
from app.cli.options import AsJson, DataDir, LiveOrTest, OrganizationName, PartnerName, ProgramId, is_live
from app.errors import InvalidRequest, NotFound
from app.money import format_money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.partners.models import Partner
    from app.statements.views import StatementBody, StatementSummary


TOTALS: Final = ("opening", "earned", "paid", "fee", "written_off", "closing")
Month = Annotated[str | None, typer.Option("--month", help="2026-10. Default: the running month.", show_default=False)]
Currency = Annotated[
    str | None, typer.Option("--currency", help="Default: the program's currency.", show_default=False)
]


def statements(
    partner: PartnerName,
    program: ProgramId = None,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the statements of a partner, newest first, after the running month as a preview."""
    from app.statements import queries, views
    from app.views import jsonable

    with organizations.reading(data_dir) as (settings, session):
        enrolled, mode = find_partner(session, partner, program, organization), is_live(livemode, settings)
        previews = queries.load_previews(session, enrolled, livemode=mode)
        closed = queries.list_all(session, enrolled, livemode=mode)
        shown = [views.summary(statement, is_preview=True) for statement in previews]
        shown += [views.summary(statement) for statement in closed]
    printing.listing([jsonable(each) if as_json else _row(each) for each in shown], as_json=as_json)


def statement(
    name: Annotated[str, typer.Argument(metavar="STATEMENT|PARTNER", help="stm_…, or a partner with --month.")],
    month: Month = None,
    currency: Currency = None,
    program: ProgramId = None,
    *,
    livemode: LiveOrTest = None,
    organization: OrganizationName = None,
    data_dir: DataDir = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a statement with every entry and its reason: by its id, or a partner's month and currency."""
    from app.statements import documents
    from app.views import jsonable

    with organizations.reading(data_dir) as (settings, session):
        if name.startswith("stm_"):
            shown = _by_id(session, organizations.find_with_descendants(session, organization), name)
        else:
            enrolled = find_partner(session, name, program, organization)
            shown = _by_month(session, enrolled, month, currency, livemode=is_live(livemode, settings))
    if as_csv:
        printing.as_text(documents.as_csv(shown))
    elif as_json:
        printing.as_document(jsonable(shown))
    else:
        printing.record({"status": shown.status, "time_zone": shown.time_zone, **_row(shown), "hash": shown.hash})
        printing.listing([_line(line.model_dump(), shown.currency) for line in shown.lines])


def _by_id(session: Session, owners: Sequence[UUID], statement_id: str) -> StatementBody:
    from app.statements import queries, views

    found = queries.get_statement(session, statement_id, owners)
    return views.body(found, queries.load_lines(session, found), for_owner=True)


def _by_month(
    session: Session, partner: Partner, month: str | None, currency: str | None, *, livemode: bool
) -> StatementBody:
    """A partner's statement of a month, or the preview of the running month."""
    from app.programs.models import Program
    from app.statements import queries, views

    money = currency or session.get_one(Program, partner.program_id).currency
    if month is None:
        preview, lines = queries.get_preview(session, partner, money, livemode=livemode)
        return views.body(preview, lines, for_owner=True, is_preview=True)
    first_day = queries.month_of(month)
    for found in queries.list_all(session, partner, livemode=livemode):
        if (found.month, found.currency) == (first_day, money):
            return views.body(found, queries.load_lines(session, found), for_owner=True)
    if first_day >= queries.running_month(session, partner):
        raise InvalidRequest(f"{month} is not closed; leave out --month to see the running month", param="month")
    raise NotFound(f"{partner.slug} has no statement of {month} in {money}; `accrual statements` lists them")


def _row(summary: StatementSummary) -> dict[str, Any]:
    """A statement in a table, with amounts as money."""
    totals = {name: format_money(getattr(summary, f"{name}_cents"), summary.currency) for name in TOTALS}
    return {"month": summary.month, "id": summary.id or summary.status, **totals}


def _line(line: dict[str, Any], currency: str) -> dict[str, Any]:
    names = ("accrued", "payable", "clearing", "paid", "fee", "owed")
    amounts = {name: format_money(line[f"{name}_cents"], currency) for name in names}
    return {
        "recorded": line["recorded_at"],
        "happened": line["occurred_at"],
        "what": " ".join(line["sentences"]),
        **amounts,
    }
