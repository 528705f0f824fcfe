"""Payouts and the runs that reserved them."""

from typing import get_args

from flask import Response
from sqlalchemy.orm import Session

from app import ids
from app.http import configured, csv_lists
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Listing, asked, blueprint, links
from app.pages.console.programs import options, program_named
from app.pages.signed_in import SignedIn
from app.paging import Page
from app.partners.queries.codes import load_codes
from app.partners.queries.listing import get_partner
from app.payouts.models import Payout
from app.payouts.owner_settings import views as settings_views
from app.payouts.showing import moves, queries, run_views, views
from app.payouts.transitions import PayoutStatus
from app.programs import programs
from app.programs.models import Program
from app.sentences import catalogue
from app.times import UTC_NAME


class RunQuery(Listing):
    """A program's list."""

    program: str | None = None


class PayoutQuery(RunQuery):
    """A filter of one program's payouts."""

    status: PayoutStatus | None = None
    partner: str | None = None
    run: str | None = None


class PayoutFileQuery(PayoutQuery):
    """As `PayoutQuery`, for a file with every row."""

    limit: int = ROWS


@blueprint.get("/payouts")
@signed_in.page("payouts:read")
def payouts(session: Session, who: SignedIn) -> Response:
    """A program's payouts, newest first."""
    query = asked(PayoutQuery)
    every = programs.list_programs(session, who.caller.organization_ids, limit=ROWS).rows
    program = program_named(session, who, query.program, every)
    page = _listed(session, who, program, query, ROWS)
    rows = [views.payout_body(row) for row in page.rows]
    return layout.render(
        "console/payouts.html",
        who,
        zone=program.time_zone if program else UTC_NAME,
        asked=query,
        programs=options(every),
        chosen=program and ids.encode(ids.PROGRAM, program.id),
        statuses=get_args(PayoutStatus),
        rows=rows,
        codes=load_codes(session, {row.partner_id for row in rows}),
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/payouts/file")
@signed_in.page("payouts:read")
def payouts_file(session: Session, who: SignedIn) -> Response:
    """Every payout that the filter selects, as CSV with the columns of REST."""
    query = asked(PayoutFileQuery)
    every = programs.list_programs(session, who.caller.organization_ids, limit=ROWS).rows
    program = program_named(session, who, query.program, every)
    response = csv_lists.stream(
        query,
        views.PayoutBody,
        lambda opened, some: _listed(opened, who, program, some, some.limit),
        lambda _, rows: [views.payout_body(row) for row in rows],
        language=catalogue.current(),
    )
    response.headers["Content-Disposition"] = 'attachment; filename="payouts.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/payouts/<payout_id>")
@signed_in.page("payouts:read")
def payout(session: Session, who: SignedIn, payout_id: str) -> Response:
    """A payout with the commissions in it, and what came back of it."""
    found = queries.get_payout(session, who.caller.organization_ids, payout_id)
    shown = views.payout_detail(session, found)
    return layout.render(
        "console/payout.html",
        who,
        zone=session.get_one(Program, found.program_id).time_zone,
        shown=shown,
        moves=moves.moves_of(found),
        codes=load_codes(session, [shown.partner_id]),
    )


@blueprint.get("/payout-runs")
@signed_in.page("payouts:read")
def payout_runs(session: Session, who: SignedIn) -> Response:
    """A program's runs, newest first."""
    query, caller = asked(RunQuery), who.caller
    every = programs.list_programs(session, caller.organization_ids, limit=ROWS).rows
    program = program_named(session, who, query.program, every)
    rows, has_more = [], False
    if program is not None:
        page = queries.list_runs(
            session, program, livemode=caller.livemode, limit=ROWS, starting_after=query.starting_after
        )
        rows, has_more = [run_views.run_summary(session, run) for run in page.rows], page.has_more
    return layout.render(
        "console/payout_runs.html",
        who,
        zone=program.time_zone if program else UTC_NAME,
        programs=options(every),
        chosen=program and ids.encode(ids.PROGRAM, program.id),
        rows=rows,
        links=links(rows, has_more=has_more),
    )


@blueprint.get("/payout-runs/<payout_run_id>")
@signed_in.page("payouts:read")
def payout_run(session: Session, who: SignedIn, payout_run_id: str) -> Response:
    """A run with its totals, files and payouts, and what it skipped with the reasons."""
    run = queries.get_run(session, who.caller.organization_ids, payout_run_id)
    shown = run_views.run_body(session, run)
    return layout.render(
        "console/payout_run.html",
        who,
        zone=session.get_one(Program, run.program_id).time_zone,
        shown=shown,
        parts=queries.parts_of(session, run),
        codes=load_codes(session, run_views.partner_ids(shown)),
    )


@blueprint.get("/settings/payouts")
@signed_in.page("payouts:read")
def payout_settings(session: Session, who: SignedIn) -> Response:
    """How the organization pays, and what is missing for each method."""
    shown = settings_views.load_body(session, who.caller.organization_id, livemode=who.caller.livemode)
    is_on = configured.settings().payouts_live
    return layout.render("console/settings/payouts.html", who, shown=shown, is_switched_on=is_on)


def _listed(session: Session, who: SignedIn, program: Program | None, query: PayoutQuery, limit: int) -> Page[Payout]:
    """A page of what the filter selects; nothing without a program. Raises NotFound."""
    if program is None:
        return Page([], has_more=False)
    caller = who.caller
    partner = get_partner(session, caller.organization_ids, query.partner) if query.partner else None
    run = queries.get_run(session, caller.organization_ids, query.run) if query.run else None
    selected = queries.PayoutQuery(
        limit,
        caller.livemode,
        starting_after=query.starting_after,
        status=query.status,
        partner_id=partner.id if partner else None,
        run_id=run.id if run else None,
    )
    return queries.list_payouts(session, program, selected)
