"""Statements: one month of all partners of a program, and a statement with every entry."""

from flask import Response
from sqlalchemy.orm import Session

from app import ids
from app.http import statements as files
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, FileQuery, Listing, asked, blueprint, links
from app.pages.console.programs import options, program_named
from app.pages.signed_in import SignedIn
from app.partners.queries.codes import load_codes
from app.partners.queries.listing import get_partner
from app.programs import programs
from app.statements import queries, views
from app.statements.documents import Heading, load_heading


class StatementQuery(Listing):
    """A month of a program."""

    program: str | None = None
    month: str | None = None


@blueprint.get("/statements")
@signed_in.page("commissions:read")
def statements(session: Session, who: SignedIn) -> Response:
    """The closed statements of a month, newest first; by default of the last closed month."""
    query, caller = asked(StatementQuery), who.caller
    every = programs.list_programs(session, caller.organization_ids, limit=ROWS).rows
    program = program_named(session, who, query.program, every)
    months = [] if program is None else list(queries.closed_months(session, program))
    month = queries.month_of(query.month) if query.month else next(iter(months), None)
    rows, has_more = [], False
    if program is not None and month is not None:
        page = queries.list_of_program(
            session, program, month, livemode=caller.livemode, limit=ROWS, starting_after=query.starting_after
        )
        rows, has_more = [views.summary(row) for row in page.rows], page.has_more
    return layout.render(
        "console/statements.html",
        who,
        chosen=program and ids.encode(ids.PROGRAM, program.id),
        programs=options(every),
        months=[each.strftime(views.MONTH) for each in months],
        month=month and month.strftime(views.MONTH),
        rows=rows,
        codes=load_codes(session, {row.partner_id for row in rows}),
        links=links(rows, has_more=has_more),
    )


@blueprint.get("/statements/<statement_id>")
@signed_in.page("commissions:read")
def statement(session: Session, who: SignedIn, statement_id: str) -> Response:
    """A closed statement with every entry and its reason."""
    shown, heading = _closed(session, who, statement_id)
    return layout.render("console/statement.html", who, zone=shown.time_zone, shown=shown, heading=heading)


@blueprint.get("/statements/<statement_id>/file")
@signed_in.page("commissions:read")
def statement_file(session: Session, who: SignedIn, statement_id: str) -> Response:
    """A closed statement as a file: JSON, CSV, or a page that can be printed, by `form` in the address."""
    shown, heading = _closed(session, who, statement_id)
    return files.as_file(shown, heading, asked(FileQuery).form)


@blueprint.get("/partners/<partner_id>/running/<currency>/file")
@signed_in.page("commissions:read")
def running_statement_file(session: Session, who: SignedIn, partner_id: str, currency: str) -> Response:
    """A partner's running month in a currency as a file."""
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    found, lines = queries.get_preview(session, partner, currency, livemode=who.caller.livemode)
    shown = views.body(found, lines, for_owner=True, is_preview=True)
    return files.as_file(shown, load_heading(session, found), asked(FileQuery).form)


def _closed(session: Session, who: SignedIn, statement_id: str) -> tuple[views.StatementBody, Heading]:
    """A closed statement, and the names on it. Raises NotFound."""
    found = queries.get_statement(session, statement_id, who.caller.organization_ids)
    shown = views.body(found, queries.load_lines(session, found), for_owner=True)
    return shown, load_heading(session, found)
