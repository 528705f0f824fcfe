"""Backfills: everything that Stripe has of a period is inserted into the inbox, a page at a time.

Events have their own ids, as deliveries have; older objects are inserted as fetched documents, whose ids are made from
their content. So rows that exist already are not inserted again, and reading a page twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app import db, jobs
from app.immutable import immutable
from app.stripe_events import inbox, listed
from app.stripe_events.endpoints import event_types
from app.stripe_events.scope import Scope
from app.stripe_sync import fetched, runs
from app.stripe_sync.runs import Run
from worker.stripe_sync import dry_run, history, run_requests
from worker.stripe_sync.history import Part
from worker.stripe_sync.run_requests import Page

DRY_RUN_DOCUMENTS: Final = 5_000
"""Documents that a dry run processes in one transaction, which it rolls back: some seconds, some 50 MB of memory."""
SETTLING: Final = "settling"


@immutable
class Read:
    """A page that was read, and the part it belongs to."""

    part: Part
    page: Page

    def insert(self, session: Session, scope: Scope) -> list[int]:
        """Insert new documents into the inbox; returns their inbox ids."""
        documents = self.part.in_period(self.page.documents)
        if self.part.are_events:
            return listed.insert_listed(session, scope, documents, is_backfill=True)
        return fetched.insert_documents(
            session,
            scope,
            documents,
            fetched_at=self.page.fetched_at,
            api_version=event_types.API_VERSION,
            is_backfill=True,
        )


def step(run: Run) -> Run | None:
    """Read and insert one page (a dry run: as many as fit). Returns the run, or None while inserted rows are due."""
    if not run.cursor:
        run = replace(run, cursor={"part": 0, "after": None, "newest": 0, "asked_at": datetime.now(UTC).isoformat()})
    parts = _parts(run)
    if run.cursor["part"] >= len(parts):
        return _end(run)
    return _dry_run(run, parts) if run.dry_run else _one_page(run, parts)


def _parts(run: Run) -> list[Part]:
    since, until = (datetime.fromisoformat(run.parameters[name]) for name in ("since", "until"))
    return history.parts(since, until, datetime.fromisoformat(run.cursor["asked_at"]))


def _one_page(run: Run, parts: Sequence[Part]) -> Run:
    read, further = _read(run, parts)
    with db.transaction() as session:
        new = read.insert(session, run.scope)
        further = _counted(further, read, {"new": len(new)})
        further = replace(further, cursor={**further.cursor, "newest": max(new, default=further.cursor["newest"])})
        runs.store_progress(session, further)
    if new:
        jobs.wake(jobs.DRAIN)
    return further


def _dry_run(run: Run, parts: Sequence[Part]) -> Run:
    pages: list[Read] = []
    further, documents = run, 0
    while further.cursor["part"] < len(parts) and documents < DRY_RUN_DOCUMENTS:
        read, further = _read(further, parts)
        pages.append(read)
        documents += len(read.page.documents)
        further = _counted(further, read, {})
        with db.transaction() as session:  # the cursor stays, so that an interrupted batch of pages is repeated
            runs.store_progress(session, replace(further, cursor=run.cursor, counts=run.counts))
    result = dry_run.process(run.scope, [read.insert for read in pages])
    batches = further.counts.get("batches", 0) + 1
    counts = {**further.counts, "batches": batches, "new": further.counts.get("new", 0) + result.new}
    counts = _merged(_merged(counts, "posts", result.posts), "outcomes", result.outcomes)
    further = replace(further, counts=counts, is_done=further.cursor["part"] >= len(parts))
    with db.transaction() as session:
        runs.store_progress(session, further)
    return further


def _read(run: Run, parts: Sequence[Part]) -> tuple[Read, Run]:
    """The next page, and the run with its cursor after this page."""
    index, part = run.cursor["part"], parts[run.cursor["part"]]
    page = run_requests.page(run, part, run.cursor["after"])
    if page.has_more:
        cursor, share = {"after": page.documents[-1]["id"]}, part.share_done(page.documents[-1])
    else:
        cursor, share = {"part": index + 1, "after": None}, 1.0
    done_bps = min(9_999, int(10_000 * (index + share) / len(parts)))
    return Read(part, page), replace(
        run, phase=f"reading:{part.code}", cursor={**run.cursor, **cursor}, progress_bps=done_bps
    )


def _counted(run: Run, read: Read, more: Mapping[str, int]) -> Run:
    kind = "events" if read.part.are_events else "documents"
    counts = dict(run.counts)
    for name, count in {kind: len(read.page.documents), **more}.items():
        counts[name] = counts.get(name, 0) + count
    return replace(run, counts=counts)


def _merged(counts: Mapping[str, Any], name: str, more: Mapping[str, int]) -> dict[str, Any]:
    merged = dict(counts.get(name, {}))
    for key, value in more.items():
        merged[key] = merged.get(key, 0) + value
    return {**counts, name: merged}


def _end(run: Run) -> Run | None:
    """End the run once all inserted rows are processed; until then commissions are not approved. None if not yet."""
    with db.transaction() as session:
        owner, livemode = run.scope.organization_id, run.scope.livemode
        is_settled = not inbox.is_any_untried(session, owner, livemode=livemode, up_to=run.cursor["newest"])
        ended = replace(run, phase=SETTLING, is_done=is_settled)
        runs.store_progress(session, ended)
    return ended if is_settled else None
