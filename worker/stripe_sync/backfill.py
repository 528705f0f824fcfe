"""Backfilling: everything Stripe has of a stretch of time, a page at a time, into the inbox.

Events keep their own ids and go through the identity of deliveries; older objects are recorded as fetched documents,
which are named after their content. So what is known changes nothing, and a page read twice is a page read once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app import db, jobs
from app.stripe_events import inbox, listed
from app.stripe_events.scope import Scope
from app.stripe_sync import fetched, runs
from app.stripe_sync.runs import Run
from worker.stripe_sync import asking, client, dry_run, history
from worker.stripe_sync.asking import Page
from worker.stripe_sync.history import Part

REHEARSED_TOGETHER: Final = 5_000
"""Documents a dry run works in one transaction, that is taken back: some seconds' work, some 50 MB of memory."""
SETTLING: Final = "settling"


@dataclass(frozen=True, slots=True)
class Read:
    """A page that was read, and of which part it is."""

    part: Part
    page: Page

    def record(self, session: Session, scope: Scope) -> list[int]:
        """Put what is new into the inbox; gives the numbers."""
        documents = self.part.wanted(self.page.documents)
        if self.part.are_events:
            return listed.insert_listed(session, scope, documents)
        return fetched.record_new(
            session, scope, documents, fetched_at=self.page.fetched_at, api_version=client.API_VERSION
        )


def step(run: Run) -> Run | None:
    """Read and record one page (a dry run: rehearse as many as fit). None while what was recorded is being settled."""
    if not run.cursor:
        run = replace(run, cursor={"part": 0, "after": None, "newest": 0, "asked_at": datetime.now(UTC).isoformat()})
    parts = _parts(run)
    if run.cursor["part"] >= len(parts):
        return _end(run)
    return _rehearse(run, parts) if run.dry_run else _one_page(run, parts)


def _parts(run: Run) -> list[Part]:
    since, until = (datetime.fromisoformat(run.parameters[name]) for name in ("since", "until"))
    return history.parts(since, until, datetime.fromisoformat(run.cursor["asked_at"]))


def _one_page(run: Run, parts: Sequence[Part]) -> Run:
    read, further = _read(run, parts)
    with db.transaction() as session:
        new = read.record(session, run.scope)
        further = _counted(further, read, {"new": len(new)})
        further = replace(further, cursor={**further.cursor, "newest": max(new, default=further.cursor["newest"])})
        runs.keep(session, further)
    if new:
        jobs.wake(jobs.DRAIN)
    return further


def _rehearse(run: Run, parts: Sequence[Part]) -> Run:
    pages: list[Read] = []
    further, documents = run, 0
    while further.cursor["part"] < len(parts) and documents < REHEARSED_TOGETHER:
        read, further = _read(further, parts)
        pages.append(read)
        documents += len(read.page.documents)
        further = _counted(further, read, {})
        with db.transaction() as session:  # the cursor stays: what was only rehearsed in part is rehearsed again
            runs.keep(session, replace(further, cursor=run.cursor, counts=run.counts))
    played = dry_run.play(run.scope, [read.record for read in pages])
    batches = further.counts.get("batches", 0) + 1
    counts = {**further.counts, "batches": batches, "new": further.counts.get("new", 0) + played.new}
    counts = _merged(_merged(counts, "posts", played.posts), "outcomes", played.outcomes)
    further = replace(further, counts=counts, is_done=further.cursor["part"] >= len(parts))
    with db.transaction() as session:
        runs.keep(session, further)
    return further


def _read(run: Run, parts: Sequence[Part]) -> tuple[Read, Run]:
    """The next page, and the run standing after it."""
    index, part = run.cursor["part"], parts[run.cursor["part"]]
    page = asking.page(run, part, run.cursor["after"])
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
    """Done once all that was recorded is settled: till then nothing is approved."""
    with db.transaction() as session:
        is_settled = not inbox.is_any_due(session, run.scope.organization_id, up_to=run.cursor["newest"])
        ended = replace(run, phase=SETTLING, is_done=is_settled)
        runs.keep(session, ended)
    return ended if is_settled else None
