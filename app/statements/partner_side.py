"""A partner's own statements, in an affiliate's transaction."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from app import db
from app.errors import NotFound
from app.ledger.entries import RecordedLine
from app.organizations.permissions import Caller
from app.paging import Page
from app.partners.models import Partner
from app.partners.partner_side import enrollments
from app.programs.models import Program
from app.statements import queries
from app.statements.documents import Heading, load_heading
from app.statements.models import Statement


def load_page(
    session: Session,
    caller: Caller,
    *,
    limit: int,
    program_id: str | None = None,
    month: date | None = None,
    starting_after: str | None = None,
) -> tuple[Page[Statement], list[Statement]]:
    """A page of the caller's statements in all its programs or one, newest first, and its running months.

    Raises:
        NotFound: the caller is not enrolled in this program.
        Forbidden, InvalidRequest: as `require_access` and `queries.list_statements`.

    Effects: narrows the session to the owners of the programs.
    """
    enrolled = _enrolled(session, caller, program_id)
    page = queries.list_statements(
        session,
        [partner.id for partner, _ in enrolled],
        livemode=caller.livemode,
        limit=limit,
        month=month,
        starting_after=starting_after,
    )
    _narrow(session, caller, enrolled)
    previews = [
        statement
        for partner, _ in enrolled
        for statement in queries.load_previews(session, partner, livemode=caller.livemode)
    ]
    return page, previews


def load_own(session: Session, caller: Caller, statement_id: str) -> tuple[Statement, Heading, Sequence[RecordedLine]]:
    """One of the caller's statements with its names and postings. Raises NotFound, or Forbidden as `require_access`.

    Effects: narrows the session to the program's owner.
    """
    enrolled = _enrolled(session, caller, None)
    statement = queries.get_statement(session, statement_id)
    if statement.partner_id not in {partner.id for partner, _ in enrolled}:
        raise NotFound.of("statement", statement_id)
    heading = load_heading(session, statement)
    _narrow(session, caller, [each for each in enrolled if each[0].id == statement.partner_id])
    return statement, heading, queries.load_lines(session, statement)


def load_own_preview(
    session: Session, caller: Caller, program_id: str, currency: str | None
) -> tuple[Statement, Heading, Sequence[RecordedLine]]:
    """As `load_own`, for the running month of a program; in its currency unless another is named."""
    partner, program = enrollments.get_enrollment(session, caller, program_id)
    _narrow(session, caller, [(partner, program)])
    statement, lines = queries.get_preview(session, partner, currency or program.currency, livemode=caller.livemode)
    return statement, load_heading(session, statement), lines


def _enrolled(session: Session, caller: Caller, program_id: str | None) -> list[tuple[Partner, Program]]:
    if program_id is None:
        return enrollments.load_enrollments(session, caller)
    return [enrollments.get_enrollment(session, caller, program_id)]


def _narrow(session: Session, caller: Caller, enrolled: Sequence[tuple[Partner, Program]]) -> None:
    """Narrow the session to the owners of these programs, whose rows the postings are."""
    owners = [program.organization_id for _, program in enrolled]
    db.narrow_to_organizations(session, owners, livemode=caller.livemode)
