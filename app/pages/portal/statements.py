"""A partner's statements in a program: closed months, and the running one."""

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.http import statements as files
from app.pages.console.frame import ROWS, FileQuery, Listing, asked, links
from app.pages.portal.frame import Enrolled, blueprint, load_enrolled, page, render, require_program
from app.pages.signed_in import SignedIn
from app.statements import partner_side, views
from app.statements.documents import Heading


@blueprint.get("/<program_id>/statements")
@page("commissions:read")
def statements(session: Session, who: SignedIn, program_id: str) -> ResponseReturnValue:
    """Closed statements, newest first, and the running month."""
    query, enrolled = asked(Listing), load_enrolled(session, who, program_id)
    listed, running = partner_side.load_page(
        session, who.caller, limit=ROWS, program_id=program_id, starting_after=query.starting_after
    )
    shown = views.statement_page(listed, running)
    next_page = links(shown.data, has_more=shown.has_more)
    return render("statements.html", who, enrolled=enrolled, shown=shown, links=next_page)


@blueprint.get("/<program_id>/statements/<statement_id>")
@page("commissions:read")
def statement(session: Session, who: SignedIn, program_id: str, statement_id: str) -> ResponseReturnValue:
    """A closed month with every entry."""
    enrolled, shown, _ = _closed(session, who, program_id, statement_id)
    return render("statement.html", who, enrolled=enrolled, shown=shown)


@blueprint.get("/<program_id>/statements/<statement_id>/file")
@page("commissions:read")
def statement_file(session: Session, who: SignedIn, program_id: str, statement_id: str) -> ResponseReturnValue:
    """A closed month as a file: JSON, CSV, or a page that can be printed, by `form` in the address."""
    _, shown, heading = _closed(session, who, program_id, statement_id)
    return files.as_file(shown, heading, asked(FileQuery).form)


@blueprint.get("/<program_id>/statements/running/<currency>")
@page("commissions:read")
def running_statement(session: Session, who: SignedIn, program_id: str, currency: str) -> ResponseReturnValue:
    """The running month in a currency, with every entry so far."""
    enrolled = load_enrolled(session, who, program_id)
    found, _, lines = partner_side.load_own_preview(session, who.caller, program_id, currency)
    shown = views.body(found, lines, for_owner=False, is_preview=True)
    return render("statement.html", who, enrolled=enrolled, shown=shown)


def _closed(
    session: Session, who: SignedIn, program_id: str, statement_id: str
) -> tuple[Enrolled, views.StatementBody, Heading]:
    """A closed month of the program, and the names on it. Raises NotFound, Forbidden."""
    enrolled = load_enrolled(session, who, program_id)
    found, heading, lines = partner_side.load_own(session, who.caller, statement_id)
    shown = views.body(found, lines, for_owner=False)
    require_program(enrolled, shown.program_id, "statement", statement_id)
    return enrolled, shown, heading
