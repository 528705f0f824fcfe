"""Routes for payout runs and the payouts of a program: preview a run, ask for one, follow it, cancel it."""

from functools import partial

from flask import Response, g
from sqlalchemy.orm import Session

from app import jobs
from app.http import causes, csv_lists
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import Page
from app.partners.queries.listing import get_partner
from app.payouts.models import Payout, PayoutRun
from app.payouts.reserving import commands
from app.payouts.showing import queries, run_views, views
from app.payouts.showing.run_views import RunData
from app.payouts.steps import confirming
from app.programs.programs import get_program
from app.rest.payouts import requests
from app.rest.programs.requests import ProgramPath

api = surface("Payout runs", __name__, "Reserve what is payable, one payout for each partner and currency.")


@api.post(
    "/v1/admin/affiliate/programs/<program_id>/payouts",
    security=needs("payouts:write"),
    responses={"200": RunData, "201": RunData, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def create_payout_run(path: ProgramPath, query: requests.RunQuery, body: requests.RunCreation) -> Response:
    """Pay what is payable; with `dry_run` only show what would be paid. Payouts are reserved within seconds."""
    caller = g.caller
    with access.transaction(caller) as session:
        program = get_program(session, caller.organization_ids, path.program_id, default_of=caller.organization_id)
        if query.dry_run:
            previewed = commands.preview(session, program, body.asked(body.preview_token), livemode=caller.livemode)
            return ViewResponse(RunData(data=run_views.preview_body(previewed)))
        run = commands.create(session, caller, program, body.asked(body.preview_token), livemode=caller.livemode)
        shown = run_views.run_body(session, run)
    jobs.wake(jobs.PAYOUT_RUNS)
    return ViewResponse(RunData(data=shown), status=201)


@api.get(
    "/v1/admin/affiliate/programs/<program_id>/payouts",
    security=needs("payouts:read"),
    responses={"200": views.PayoutPage, "404": ErrorBody},
    openapi_extensions=csv_lists.documented(views.PayoutBody),
)
def list_payouts(path: ProgramPath, query: requests.PayoutQuery) -> Response:
    """The program's payouts, newest first."""
    return csv_lists.respond(
        query,
        views.PayoutBody,
        partial(_payouts, program_id=path.program_id),
        lambda _, rows: [views.payout_body(payout) for payout in rows],
        lambda _, page, bodies: views.PayoutPage(
            data=list(bodies), page=query.page, limit=query.limit, has_more=page.has_more
        ),
    )


@api.get(
    "/api/v1/payout-runs/<payout_run_id>",
    security=needs("payouts:read"),
    responses={"200": RunData, "404": ErrorBody},
)
def show_payout_run(path: requests.PayoutRunPath) -> Response:
    """A run with its payouts, and what it skipped with the reasons."""
    with access.transaction(g.caller) as session:
        return ViewResponse(RunData(data=run_views.run_body(session, _run(session, path))))


@api.post(
    "/api/v1/payout-runs/<payout_run_id>/confirm",
    security=needs("payouts:write"),
    responses={"200": RunData, "404": ErrorBody, "409": ErrorBody, "415": ErrorBody},
)
def confirm_payout_run(path: requests.PayoutRunPath, body: requests.RunConfirmation) -> Response:
    """Confirm every payout of a run that is in a downloaded file; pending ones and transfers stay as they are."""
    with access.transaction(g.caller) as session:
        run = _run(session, path)
        confirming.confirm_run(session, g.caller, run, causes.this_request(), paid_at=body.paid_at)
        return ViewResponse(RunData(data=run_views.run_body(session, run)))


@api.post(
    "/api/v1/payout-runs/<payout_run_id>/cancel",
    security=needs("payouts:write"),
    responses={"200": RunData, "404": ErrorBody, "409": ErrorBody},
)
def cancel_payout_run(path: requests.PayoutRunPath) -> Response:
    """Cancel the payouts of a run that were not sent; what was sent stays, and the run is open until it has ended."""
    with access.transaction(g.caller) as session:
        run = commands.cancel(session, g.caller, _run(session, path), causes.this_request())
        return ViewResponse(RunData(data=run_views.run_body(session, run)))


def _run(session: Session, path: requests.PayoutRunPath) -> PayoutRun:
    return queries.get_run(session, g.caller.organization_ids, path.payout_run_id)


def _payouts(session: Session, query: requests.PayoutQuery, *, program_id: str) -> Page[Payout]:
    caller = g.caller
    program = get_program(session, caller.organization_ids, program_id, default_of=caller.organization_id)
    partner = get_partner(session, caller.organization_ids, query.partner_id) if query.partner_id else None
    run = queries.get_run(session, caller.organization_ids, query.run_id) if query.run_id else None
    asked = queries.PayoutQuery(
        query.limit,
        caller.livemode,
        query.page,
        query.starting_after,
        query.status,
        partner_id=partner.id if partner else None,
        run_id=run.id if run else None,
    )
    return queries.list_payouts(session, program, asked)
