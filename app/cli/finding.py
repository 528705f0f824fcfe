"""Finding the programs and partners that options and arguments name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli import organization as organizations

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.partners.models import Partner
    from app.programs.models import Program


def find_program(session: Session, program: str | None, organization: str | None) -> Program:
    """The program with this id; None: the default program of `organization`. Raises NotFound."""
    from app.programs.programs import get_program

    owners = organizations.find_with_descendants(session, organization)
    return get_program(session, owners, program, default_of=owners[0])


def find_partner(
    session: Session, named: str, program: str | None, organization: str | None, *, to_change: bool = False
) -> Partner:
    """The partner with this id, code or e-mail address, in `program` if it is given; locked if `to_change`.

    Raises:
        NotFound: no partner has it, or there is no such program.
        InvalidRequest: partners of several programs have it, and no program is given.
    """
    from app.partners.queries import listing

    owners = organizations.find_with_descendants(session, organization)
    program_id = None if program is None else find_program(session, program, organization).id
    return listing.find_named(session, owners, named, program_id=program_id, to_change=to_change)
