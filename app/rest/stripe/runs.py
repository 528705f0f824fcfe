"""Routes for backfills, reconciliations and replays: request, follow and stop them."""

from datetime import datetime
from typing import Any, Final

from flask import Response, g
from sqlalchemy.orm import Session

from app import ids, jobs
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.organizations import access
from app.paging import no_row
from app.rest.stripe import requests
from app.stripe_events.replaying import Selection
from app.stripe_sync import commands, runs
from app.stripe_sync import views as shapes
from app.stripe_sync.commands import HistoryRequest
from app.stripe_sync.models import StripeRun

api = surface("Stripe history", __name__, "Fetch missed data, compare with Stripe, process events again.")

ASKED: Final[dict[Any, Any]] = {"201": shapes.RunBody, "409": ErrorBody, "415": ErrorBody}
STOPPED: Final[dict[Any, Any]] = {"200": shapes.RunBody, "404": ErrorBody, "409": ErrorBody}


@api.post("/api/v1/backfills", security=needs("runs:write"), responses=ASKED)
def request_backfill(body: requests.BackfillRequest) -> Response:
    """Fetch everything that Stripe has since a time; data that is known already changes nothing."""
    with access.transaction(g.caller) as session:
        run = commands.request_backfill(session, g.caller, _asked(body, body.since), dry_run=body.dry_run)
    jobs.wake(jobs.RUNS)
    return ViewResponse(_body(run), status=201)


@api.get("/api/v1/backfills", security=needs("runs:read"), responses={"200": shapes.RunPage})
def list_backfills(query: requests.RunQuery) -> Response:
    """Backfills, newest first."""
    return _page("backfill", query)


@api.get("/api/v1/backfills/<run_id>", security=needs("runs:read"), responses={"200": shapes.RunBody, "404": ErrorBody})
def show_backfill(path: requests.RunPath) -> Response:
    """A backfill with its progress."""
    with access.transaction(g.caller) as session:
        return ViewResponse(_body(_get(session, path, "backfill")))


@api.post("/api/v1/backfills/<run_id>/stop", security=needs("runs:write"), responses=STOPPED)
def stop_backfill(path: requests.RunPath) -> Response:
    """Stop a backfill before it is done; fetched data stays."""
    return _stop(path, "backfill")


@api.post("/api/v1/reconciliations", security=needs("runs:write"), responses=ASKED)
def request_reconciliation(body: requests.ReconciliationRequest) -> Response:
    """Compare what was paid and returned at Stripe with Accrual's payments."""
    with access.transaction(g.caller) as session:
        run = commands.request_reconciliation(session, g.caller, _asked(body, body.since), heal=body.heal)
    jobs.wake(jobs.RUNS)
    return ViewResponse(_body(run), status=201)


@api.get("/api/v1/reconciliations", security=needs("runs:read"), responses={"200": shapes.RunPage})
def list_reconciliations(query: requests.RunQuery) -> Response:
    """Reconciliations, newest first."""
    return _page("reconcile", query)


@api.get(
    "/api/v1/reconciliations/<run_id>",
    security=needs("runs:read"),
    responses={"200": shapes.ReconciliationBody, "404": ErrorBody},
)
def show_reconciliation(path: requests.RunPath, query: requests.DriftQuery) -> Response:
    """A reconciliation with its differences, in the order they were found."""
    after = ids.decode(query.starting_after, ids.DRIFT) if query.starting_after is not None else None
    if query.starting_after is not None and after is None:
        raise no_row(query.starting_after)
    with access.transaction(g.caller) as session:
        run = _get(session, path, "reconcile")
        page = runs.drifts(session, run.id, limit=query.limit, after=after)
        drifts = [shapes.DriftBody(**shapes.drift_fields(drift)) for drift in page.rows]
        return ViewResponse(shapes.ReconciliationBody(**shapes.run_fields(run), drifts=drifts, has_more=page.has_more))


@api.post("/api/v1/reconciliations/<run_id>/stop", security=needs("runs:write"), responses=STOPPED)
def stop_reconciliation(path: requests.RunPath) -> Response:
    """Stop a reconciliation before it is done; its differences stay."""
    return _stop(path, "reconcile")


@api.post("/api/v1/events/replay", security=needs("events:write"), responses={"201": shapes.RunBody, "415": ErrorBody})
def replay_events(body: requests.ReplayRequest) -> Response:
    """Process many events again as if they had just arrived; only differences are posted."""
    selection = Selection(g.caller.organization_ids, g.caller.livemode, body.outcome, body.type, body.since, body.until)
    with access.transaction(g.caller) as session:
        run = commands.request_replay(session, g.caller, g.caller.organization_id, selection)
    jobs.wake(jobs.RUNS)
    return ViewResponse(_body(run), status=201)


@api.get("/api/v1/replays", security=needs("events:read"), responses={"200": shapes.RunPage})
def list_replays(query: requests.RunQuery) -> Response:
    """Replays, newest first."""
    return _page("replay", query)


@api.get("/api/v1/replays/<run_id>", security=needs("events:read"), responses={"200": shapes.RunBody, "404": ErrorBody})
def show_replay(path: requests.RunPath) -> Response:
    """A replay with its progress."""
    with access.transaction(g.caller) as session:
        return ViewResponse(_body(_get(session, path, "replay")))


@api.post("/api/v1/replays/<run_id>/stop", security=needs("events:write"), responses=STOPPED)
def stop_replay(path: requests.RunPath) -> Response:
    """Stop a replay before it is done; events that are due already are processed."""
    return _stop(path, "replay")


def _asked(body: requests.StripeWindow, since: datetime | None) -> HistoryRequest:
    livemode = access.mode_of(g.caller, body.livemode)
    return HistoryRequest(
        g.caller.organization_id, account=body.account, livemode=livemode, since=since, until=body.until
    )


def _get(session: Session, path: requests.RunPath, kind: str) -> StripeRun:
    return runs.get_run(session, g.caller.organization_ids, path.run_id, kind)


def _stop(path: requests.RunPath, kind: str) -> Response:
    with access.transaction(g.caller) as session:
        return ViewResponse(_body(commands.stop_run(session, g.caller, _get(session, path, kind))))


def _page(kind: str, query: requests.RunQuery) -> Response:
    with access.transaction(g.caller) as session:
        page = runs.list_runs(
            session,
            g.caller.organization_ids,
            kind,
            limit=query.limit,
            page=query.page,
            starting_after=query.starting_after,
        )
        data = [_body(run) for run in page.rows]
    return ViewResponse(shapes.RunPage(data=data, page=query.page, limit=query.limit, has_more=page.has_more))


def _body(run: StripeRun) -> shapes.RunBody:
    return shapes.RunBody(**shapes.run_fields(run))
