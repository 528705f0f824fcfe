"""Many invitations at once, from a pasted list: each line is invited or refused by itself."""

import re
from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.organizations.actors import Actor
from app.partners.joining import invitations
from app.partners.joining.invitations import Invited
from app.programs.models import Program
from app.texts import require_line

AT_ONCE: Final = 200
"""Addresses in one list."""
_SEPARATED: Final = re.compile(r"[,;\t]")
_IN_BRACKETS: Final = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]+)>")


@immutable
class Line:
    """A line of the list: an address, and perhaps a name. Example: `ada@example.com, Ada Lovelace`."""

    number: int
    email: str
    name: str | None


@immutable
class InvitedLine:
    """A line with its invitation, or with the sentence that says why it has none."""

    line: Line
    invited: Invited | None = None
    refusal: str | None = None


def invite_all(session: Session, actor: Actor, program: Program, text: str) -> list[InvitedLine]:
    """Invite every address of the list as `invitations.invite`; a line that is refused changes nothing.

    Raises:
        InvalidRequest: the list is empty or has more than `AT_ONCE` lines; nothing was invited.
    """
    lines = list(_lines(text))
    if not 0 < len(lines) <= AT_ONCE:
        raise InvalidRequest(f"addresses has {len(lines)} lines; paste 1 to {AT_ONCE}", param="addresses")
    first: dict[str, int] = {}
    results = []
    for line in lines:
        earlier = first.setdefault(line.email.lower(), line.number)
        if earlier != line.number:
            results.append(InvitedLine(line, refusal=f"the address is in line {earlier} too"))
            continue
        results.append(_invite(session, actor, program, line))
    return results


def _invite(session: Session, actor: Actor, program: Program, line: Line) -> InvitedLine:
    try:
        with session.begin_nested():
            name = None if line.name is None else require_line(line.name, param="name")
            return InvitedLine(line, invited=invitations.invite(session, actor, program, line.email, name=name))
    except (Conflict, InvalidRequest) as refusal:
        return InvitedLine(line, refusal=refusal.message)


def _lines(text: str) -> Iterator[Line]:
    """The lines that are not blank: `address`, `address, name`, `name, address` or `name <address>`."""
    for number, written in enumerate(text.splitlines(), start=1):
        line = written.strip()
        if not line:
            continue
        bracketed = _IN_BRACKETS.fullmatch(line)
        if bracketed is not None:
            yield Line(number, bracketed["email"].strip(), bracketed["name"].strip(' "') or None)
            continue
        email, *others = sorted((part.strip(' "') for part in _SEPARATED.split(line)), key=lambda part: "@" not in part)
        yield Line(number, email, " ".join(filter(None, others))[:200] or None)
