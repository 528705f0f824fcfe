"""Replays: make events due again a page at a time, not faster than they are processed."""

from dataclasses import replace
from typing import Final

from app import db, jobs
from app.stripe_events import replaying
from app.stripe_events.replaying import Selection
from app.stripe_sync import runs
from app.stripe_sync.runs import Run

PAGE: Final = 500
MOST_DUE: Final = 2_000
"""Replayed events are processed before new ones, which are younger. So at most a few seconds' work of them is due."""


def step(run: Run) -> Run | None:
    """Make a page of events due. Returns the run, or None while `MOST_DUE` events are due."""
    selection = Selection.of_json(run.parameters)
    with db.transaction() as session:
        if "newest" not in run.cursor:
            total, newest = replaying.measure(session, selection)
            run = replace(run, phase="replaying", cursor={"after": 0, "newest": newest}, counts=_none(total))
        if replaying.backlog(session, MOST_DUE) >= MOST_DUE:
            return None
        run = _one_page(run, replaying.replay_page(session, selection, **run.cursor, limit=PAGE))
        runs.store_progress(session, run)
    jobs.wake(jobs.DRAIN)
    return run


def _none(total: int) -> dict[str, int]:
    return {"selected": total, "replayed": 0}


def _one_page(run: Run, event_ids: list[int]) -> Run:
    selected, replayed = run.counts["selected"], run.counts["replayed"] + len(event_ids)
    is_done = len(event_ids) < PAGE
    return replace(
        run,
        cursor={**run.cursor, "after": event_ids[-1] if event_ids else run.cursor["newest"]},
        counts={"selected": selected, "replayed": replayed},
        progress_bps=10_000 if is_done else min(10_000, 10_000 * replayed // max(1, selected)),
        is_done=is_done,
    )
