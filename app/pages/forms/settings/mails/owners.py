"""Whose mails a page of settings is about: a program's to its partners, or the organization's to its managers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app.immutable import immutable
from app.pages.console.frame import ROWS
from app.pages.console.programs import find as find_program
from app.pages.console.programs import options
from app.pages.signed_in import SignedIn
from app.programs import programs
from app.views import Request


class OwnerQuery(Request):
    """Which program; none: the organization."""

    program: str | None = None


@immutable
class MailOwner:
    """The organization, and the program whose partners get the mails; without one, the organization's managers do."""

    organization_id: UUID
    program_id: UUID | None
    public_id: str | None


def find(session: Session, who: SignedIn, program: str | None) -> MailOwner:
    """Whose mails the form is about. Raises NotFound: there is no such program."""
    if program is None:
        return MailOwner(who.caller.organization_id, None, None)
    found = find_program(session, who, program)
    return MailOwner(found.organization_id, found.id, program)


def offered(session: Session, who: SignedIn) -> Sequence[tuple[str, str]]:
    """The programs that can be chosen: public id and name."""
    return options(programs.list_programs(session, who.caller.organization_ids, limit=ROWS).rows)
