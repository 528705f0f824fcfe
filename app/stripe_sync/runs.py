"""Runs (backfills, reconciliations, replays): requests, claims, progress, failures and ends.

The worker of a run holds its lease. Each step writes its effects and its progress in one transaction, so that a run
whose worker died continues from there, and a worker that lost the lease, or whose run was stopped, writes nothing more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import backoff, bulk, ids
from app.errors import Conflict, LeaseLost, NotFound
from app.immutable import immutable
from app.paging import Page, load_page, owned_by
from app.sentences.problems import Problem
from app.stripe_events.scope import Scope
from app.stripe_sync.models import Drift, StripeRun

STALE_SECONDS: Final = 180
"""A run without a heartbeat for this time can be claimed by another worker. No step takes half of it."""
MAX_FAILURES: Final = 20
FIRST_BACKOFF_SECONDS: Final = 5
LONGEST_BACKOFF_SECONDS: Final = 600


@immutable
class Run:
    """A claimed run with its progress. `counts` and `cursor` are JSON."""

    id: UUID
    kind: str
    scope: Scope
    parameters: Mapping[str, Any]
    dry_run: bool
    lease: int
    phase: str = ""
    cursor: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    progress_bps: int = 0
    is_done: bool = False


def request(
    session: Session,
    scope: Scope,
    kind: str,
    parameters: Mapping[str, Any],
    *,
    requested_by: str,
    dry_run: bool = False,
) -> StripeRun:
    """Insert a run; wake a worker after the commit. It waits for older runs of its kind and scope."""
    run = StripeRun(
        id=ids.new(),
        **scope.parameters(),
        kind=kind,
        parameters=dict(parameters),
        dry_run=dry_run,
        requested_by=requested_by,
    )
    session.add(run)
    session.flush()
    session.refresh(run)
    return run


# One run of a kind and scope at a time, the oldest first; of several, the one without work for the longest time.
_CLAIM = text("""
    UPDATE stripe_runs SET state = 'running', lease = lease + 1, heartbeat_at = clock_timestamp(),
                           started_at = coalesce(started_at, now())
    WHERE id = (
        SELECT id FROM stripe_runs AS run
        WHERE run.finished_at IS NULL AND run.state = 'queued' AND run.due_at <= now() AND NOT EXISTS (
            SELECT FROM stripe_runs AS older
            WHERE older.finished_at IS NULL AND older.id < run.id AND older.kind = run.kind
              AND older.organization_id = run.organization_id AND older.account = run.account
              AND older.livemode = run.livemode
        )
        ORDER BY coalesce(run.heartbeat_at, run.requested_at), run.id
        LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING *
""")


def claim(session: Session) -> Run | None:
    """Claim the next due run; None if there is none."""
    row = session.execute(_CLAIM).one_or_none()
    if row is None:
        return None
    scope = Scope.of(row)
    return Run(
        row.id,
        row.kind,
        scope,
        row.parameters,
        row.dry_run,
        row.lease,
        row.phase,
        row.cursor,
        row.counts,
        row.progress_bps,
    )


_STORE_PROGRESS = text("""
    UPDATE stripe_runs SET phase = :phase, cursor = CAST(:cursor AS jsonb), counts = CAST(:counts AS jsonb),
                           progress_bps = :progress_bps, heartbeat_at = clock_timestamp(), problem = NULL, failures = 0
    WHERE id = :id AND lease = :lease AND state = 'running'
""")


def store_progress(session: Session, run: Run) -> None:
    """Store a run's progress, in the transaction of the step's effects.

    Raises:
        LeaseLost: another worker has claimed the run, or it was stopped; the transaction must not commit.
    """
    _update_held(
        session,
        _STORE_PROGRESS,
        {
            "id": run.id,
            "lease": run.lease,
            "phase": run.phase,
            "cursor": bulk.encode_one(run.cursor),
            "counts": bulk.encode_one(run.counts),
            "progress_bps": run.progress_bps,
        },
    )


_STORE_PROBLEM = text("""
    UPDATE stripe_runs SET problem = CAST(:problem AS jsonb), heartbeat_at = clock_timestamp()
    WHERE id = :id AND lease = :lease AND state = 'running'
""")


def store_problem(session: Session, run: Run, problem: Problem) -> None:
    """Store why a running run waits, such as for Stripe's rate limit. Raises LeaseLost."""
    _update_held(session, _STORE_PROBLEM, {"id": run.id, "lease": run.lease, "problem": bulk.encode_one(problem)})


_RELEASE = text("""
    UPDATE stripe_runs SET state = 'queued', heartbeat_at = clock_timestamp(), due_at = now()
    WHERE id = :id AND lease = :lease AND state = 'running'
""")

_FINISH = text("""
    UPDATE stripe_runs SET state = 'finished', finished_at = now(), progress_bps = 10000, problem = NULL
    WHERE id = :id AND lease = :lease AND state = 'running'
""")

_FAIL = text("""
    UPDATE stripe_runs SET state = 'failed', finished_at = now(), problem = CAST(:problem AS jsonb)
    WHERE id = :id AND lease = :lease AND state = 'running'
""")

# The back-off is 5 s doubling to ten minutes; the run fails after about three hours in all.
_BACK_OFF = text("""
    UPDATE stripe_runs SET
        failures = failures + 1,
        problem = CAST(:problem AS jsonb),
        state = CASE WHEN failures + 1 >= :most THEN 'failed' ELSE 'queued' END,
        finished_at = CASE WHEN failures + 1 >= :most THEN now() END,
        due_at = now() + make_interval(secs => :wait_seconds)
    WHERE id = :id AND lease = :lease AND state = 'running'
""")


def end(session: Session, run: Run) -> None:
    """Finish a run that is done; else queue it again for its next turn. Raises LeaseLost."""
    _update_held(session, _FINISH if run.is_done else _RELEASE, {"id": run.id, "lease": run.lease})


def fail(session: Session, run: Run, problem: Problem, *, for_good: bool) -> None:
    """Store why a run failed; `for_good` ends it, else it is retried after a back-off. Raises LeaseLost."""
    values = {"id": run.id, "lease": run.lease, "problem": bulk.encode_one(problem)}
    if not for_good:
        failures = session.scalar(select(StripeRun.failures).where(StripeRun.id == run.id)) or 0
        wait = backoff.seconds(failures + 1, first=FIRST_BACKOFF_SECONDS, longest=LONGEST_BACKOFF_SECONDS)
        values |= {"most": MAX_FAILURES, "wait_seconds": wait}
    _update_held(session, _FAIL if for_good else _BACK_OFF, values)


def _update_held(session: Session, statement: Any, values: Mapping[str, Any]) -> None:
    if session.execute(statement, values).rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise LeaseLost


_STALE = text("""
    UPDATE stripe_runs SET state = 'queued'
    WHERE finished_at IS NULL AND state = 'running' AND heartbeat_at < now() - make_interval(secs => :seconds)
""")

_DUE = text(
    "SELECT EXISTS (SELECT FROM stripe_runs WHERE finished_at IS NULL AND state = 'queued' AND due_at <= now())"
)


def release_stale(session: Session) -> bool:
    """Make runs due again whose worker died. Returns whether any run is due."""
    session.execute(_STALE, {"seconds": STALE_SECONDS})
    return bool(session.scalar(_DUE))


def stop(session: Session, run: StripeRun) -> None:
    """End a run permanently before it is done; what it has done stays.

    Raises:
        Conflict: `run_ended`: it has ended already.
    """
    if run.finished_at is not None:
        raise Conflict(f"the run is {run.state} already, so it cannot be stopped", code="run_ended")
    session.execute(
        text("UPDATE stripe_runs SET state = 'stopped', finished_at = now() WHERE id = :id AND finished_at IS NULL"),
        {"id": run.id},
    )
    session.refresh(run)


def list_runs(
    session: Session,
    organization_ids: Sequence[UUID],
    kind: str,
    *,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
) -> Page[StripeRun]:
    """A page of runs of a kind, newest first. Raises InvalidRequest."""
    matching = select(StripeRun).where(owned_by(StripeRun.organization_id, organization_ids), StripeRun.kind == kind)
    return load_page(session, matching, StripeRun.id, ids.RUN, limit=limit, page=page, starting_after=starting_after)


def get_run(session: Session, organization_ids: Sequence[UUID], public_id: str, *kinds: str) -> StripeRun:
    """The run with this public id and one of these kinds. Raises NotFound."""
    run_id = ids.decode(public_id, ids.RUN)
    run = session.get(StripeRun, run_id, populate_existing=True) if run_id else None
    if run is None or run.organization_id not in organization_ids or run.kind not in kinds:
        raise NotFound.of("run", public_id)
    return run


def drifts(session: Session, run_id: UUID, *, limit: int, after: UUID | None = None) -> Page[Drift]:
    """A page of the differences of a reconciliation, in the order they were found."""
    ordered = select(Drift).where(Drift.run_id == run_id).order_by(Drift.id).limit(limit + 1)
    if after is not None:
        ordered = ordered.where(Drift.id > after)
    return Page.of(session.scalars(ordered).all(), limit)
