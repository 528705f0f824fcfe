"""Exports and imports."""

from flask import Response
from sqlalchemy.orm import Session

from app.http import csv_lists
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Downloadable, Listing, asked, blueprint, links
from app.pages.console.programs import options
from app.pages.signed_in import SignedIn
from app.paging import Page
from app.programs import programs
from app.transfer.exports.stored import commands as stored_exports
from app.transfer.exports.stored import views as export_views
from app.transfer.imports import queries, views
from app.transfer.imports.reading.fields import TOOLS
from app.transfer.imports.views import ImportRefusalBody


@blueprint.get("/exports")
@signed_in.page("exports:read")
def exports(session: Session, who: SignedIn) -> Response:
    """Exports, newest first."""
    query, caller = asked(Listing), who.caller
    page = stored_exports.list_exports(
        session,
        caller.organization_ids,
        livemode=caller.livemode,
        limit=ROWS,
        starting_after=query.starting_after,
    )
    rows = [export_views.body(row) for row in page.rows]
    return layout.render("console/exports.html", who, rows=rows, links=links(rows, has_more=page.has_more))


@blueprint.get("/imports")
@signed_in.page("imports:read")
def imports(session: Session, who: SignedIn) -> Response:
    """Imports, newest first."""
    query, caller = asked(Listing), who.caller
    page = queries.list_imports(
        session,
        caller.organization_ids,
        livemode=caller.livemode,
        limit=ROWS,
        starting_after=query.starting_after,
    )
    rows = views.load_imports(session, page.rows)
    return layout.render(
        "console/imports.html",
        who,
        rows=rows,
        links=links(rows, has_more=page.has_more),
        tools=TOOLS,
        programs=options(programs.list_programs(session, caller.organization_ids, limit=ROWS).rows),
    )


@blueprint.get("/imports/<import_id>")
@signed_in.page("imports:read")
def import_(session: Session, who: SignedIn, import_id: str) -> Response:
    """An import with its progress, what it did, and what was not imported; that alone as CSV, if `csv` is asked for."""
    query = asked(Downloadable)
    if query.csv:
        return _refusals_as_csv(query, who, import_id)
    job = queries.get_import(session, who.caller.organization_ids, import_id)
    page = queries.list_refusals(session, job, limit=ROWS, starting_after=query.starting_after)
    refusals = views.load_refusals(session, job, page.rows)
    return layout.render(
        "console/import.html",
        who,
        shown=views.load_import(session, job),
        refusals=refusals,
        links=links(refusals, has_more=page.has_more, cursor="number"),
    )


def _refusals_as_csv(query: Downloadable, who: SignedIn, import_id: str) -> Response:
    def load(session: Session, query: Downloadable) -> Page[ImportRefusalBody]:
        job = queries.get_import(session, who.caller.organization_ids, import_id)
        page = queries.list_refusals(session, job, limit=csv_lists.ROWS_AT_ONCE, starting_after=query.starting_after)
        rows = views.load_refusals(session, job, page.rows)
        return Page(rows, page.has_more, str(rows[-1].number) if rows else None)

    return csv_lists.stream(query, ImportRefusalBody, load, lambda _session, rows: rows)
