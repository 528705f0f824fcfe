"""Programs: the list, and a program with its settings and every version of its terms."""

from flask import Response
from sqlalchemy.orm import Session

from app.explanations import programs as explanations
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Listing, asked, blueprint, links
from app.pages.signed_in import SignedIn
from app.programs import commands, views
from app.programs import programs as queries


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
    caller = who.caller
    found = queries.get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)
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
