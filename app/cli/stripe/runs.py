"""Follows runs (backfills, reconciliations): a progress bar until they end, or until Ctrl-C ends the display."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from app import ids
from app.cli import printing
from app.errors import InvalidRequest
from app.money import format_money
from app.organizations.actors import CLI

if TYPE_CHECKING:
    from app.stripe_sync.models import StripeRun


LOOK_EVERY_SECONDS: Final = 0.5
Follow = Annotated[
    str | None,
    typer.Option("--follow", metavar="RUN", help="Show the progress of a run that was started earlier, by its id."),
]
Stop = Annotated[
    str | None, typer.Option("--stop", metavar="RUN", help="Stop a run that was started earlier, by its id.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Do not wait for the end.")]


def moment(text: str | None, name: str) -> datetime | None:
    """A time given as `2026-11-01`, `2026-11-01T09:30Z` or `30d` (days ago); UTC where it names no zone.

    Raises:
        InvalidRequest: it is none of these.
    """
    if text is None:
        return None
    try:
        if text.endswith("d") and text[:-1].isdigit():
            return datetime.now(UTC) - timedelta(days=int(text[:-1]))
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"--{name} must be a date, such as 2026-11-01, or 30d for 30 days ago") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def refuse_beside(run_id: str | None, stopped: str | None, has_others: bool) -> None:
    """Refuse --follow together with --stop, and each of them together with options that choose something else.

    Raises:
        InvalidRequest: they are given together.
    """
    if [run_id is not None, stopped is not None, has_others].count(True) > 1:
        raise InvalidRequest("--follow and --stop name a run that was started earlier; give nothing else beside them")


def see(
    owners: tuple[UUID, ...], run_id: str | None, stopped: str | None, *, command: str, detach: bool, as_json: bool
) -> None:
    """Stop a run, or begin to follow one and print it in the end.

    Args:
        owners: the organizations of the runs.
        run_id: the run to follow.
        stopped: the run to stop instead.
        command: the words after `accrual` on the command line.
        detach: do not follow; print the present state.
        as_json: print JSON.
    """
    from app import jobs

    if stopped is not None:
        stop(owners, stopped, as_json=as_json)
    elif run_id is not None:
        jobs.wake(jobs.RUNS)
        run = _look(owners, run_id) if detach else follow(owners, run_id, command=command)
        report(run, as_json=as_json)


def stop(owners: tuple[UUID, ...], run_id: str, *, as_json: bool) -> None:
    """Stop a run, and print it."""
    from app import db
    from app.stripe_sync import commands, runs
    from app.stripe_sync.views import run_fields

    with db.transaction() as session:
        run = runs.get_run(session, owners, run_id, "backfill", "reconcile", "replay")
        commands.stop_run(session, CLI, run)
    printing.record(run_fields(run), as_json=as_json)


def follow(owners: tuple[UUID, ...], run_id: str, *, command: str) -> StripeRun:
    """Wait for the end of a run, showing its progress on standard error.

    Ctrl-C ends the display and not the run, prints how to follow it again, and exits with code 130.
    """
    try:
        with printing.Bar() as bar:
            while True:
                run = _look(owners, run_id)
                bar.show(_doing(run), run.progress_bps, _said(run))
                if run.finished_at is not None:
                    return run
                time.sleep(LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        printing.print_error_line(f"\nStill running. Follow it with: accrual {command} --follow {run_id}")
        raise typer.Exit(130) from None


def report(run: StripeRun, *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print the state of a run; exit code 1 if it failed or was stopped."""
    from app.stripe_sync.views import run_fields

    values = run_fields(run)
    if as_json:
        printing.as_document({**values, **(more or {})})
    else:
        values |= {name: _flat(values[name]) for name in ("parameters", "counts")}
        printing.record(values)
    if run.state in {"failed", "stopped"}:
        raise typer.Exit(1)


def public_id(run: StripeRun) -> str:
    """The run's id as people see it."""
    return ids.encode(ids.RUN, run.id)


def _look(owners: tuple[UUID, ...], run_id: str) -> StripeRun:
    from app import db, jobs
    from app.stripe_sync import runs

    with db.transaction() as session:
        run = runs.get_run(session, owners, run_id, "backfill", "reconcile", "replay")
    if run.state == "queued":
        jobs.wake(jobs.RUNS)  # the queue may have lost its job, and there may be no clock
    return run


def _doing(run: StripeRun) -> str:
    from app.sentences import runs as sentences

    if run.finished_at is not None:
        return run.state
    return sentences.phase(run.phase)


def _said(run: StripeRun) -> str:
    from app.sentences import problems

    return problems.sentence(run.problem) or _flat(run.counts)


def _flat(values: Mapping[str, Any]) -> str:
    """`{"fetched": 3, "seen": {"bound": 2}, "posts": {"usd": 5}, "heal": True}` as text.

    Example: `3 fetched, seen bound 2, posts 0.05 USD, heal yes`.
    """
    parts = []
    for name, value in values.items():
        words = name.replace("_", " ")
        if name == "posts":
            parts += [f"{words} {format_money(minor, currency)}" for currency, minor in value.items()]
        elif isinstance(value, Mapping):
            parts += [f"{words} {inner} {number:,}" for inner, number in value.items()]
        elif isinstance(value, int) and not isinstance(value, bool):
            parts.append(f"{value:,} {words}")
        elif value not in (None, ""):
            parts.append(f"{words} {printing.cell(value)}")
    return ", ".join(parts)
