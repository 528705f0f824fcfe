"""Programs: the list, a program with its settings and every version of its terms, and choosing one in a form."""

from collections.abc import Sequence

from flask import Response
from sqlalchemy.orm import Session

from app import ids
from app.explanations import programs as explanations
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Listing, asked, blueprint, links
from app.pages.signed_in import SignedIn
from app.programs import commands, views
from app.programs import programs as queries
from app.programs.models import Program


@blueprint.get("/programs")
@signed_in.page("programs:read")
def programs(session: Session, who: SignedIn) -> Response:
    """The programs of the organization and those below it, newest first."""
    query = asked(Listing)
    page = queries.list_programs(session, who.caller.organization_ids, limit=ROWS, starting_after=query.starting_after)
    rows = views.load_program_bodies(session, page.rows)
    return layout.render(
        "console/programs.html",
        who,
        rows=rows,
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/programs/<program_id>")
@signed_in.page("programs:read")
def program(session: Session, who: SignedIn, program_id: str) -> Response:
    """One program with its terms in force and all before them."""
    found = find(session, who, program_id)
    state = explanations.state_of(session, found)
    return layout.render(
        "console/program.html",
        who,
        zone=found.time_zone,
        shown=commands.load_body(session, found),
        state=state,
        story=list(explanations.sentences_of(state)),
        versions=views.load_versions(session, found),
    )


def find(session: Session, who: SignedIn, program_id: str | None) -> Program:
    """The program of the organization, or of one below it; for None, the organization's default. Raises NotFound."""
    caller = who.caller
    return queries.get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)


def program_named(session: Session, who: SignedIn, program_id: str | None, every: Sequence[Program]) -> Program | None:
    """The program that a form names, else the organization's default, else the newest; None: there is none.

    Raises:
        NotFound: the named program does not exist.
    """
    if program_id:
        return find(session, who, program_id)
    organization_id = who.caller.organization_id
    own = (program for program in every if program.is_default and program.organization_id == organization_id)
    return next(own, every[0] if every else None)


def options(every: Sequence[Program]) -> list[tuple[str, str]]:
    """Id and name of each program, for a form."""
    return [(ids.encode(ids.PROGRAM, program.id), program.name) for program in every]
