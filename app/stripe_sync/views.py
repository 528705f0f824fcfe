"""Views of backfills, reconciliations and replays, in snake_case."""

from typing import Any

from pydantic import Field

from app import ids
from app.paging import HasMore
from app.sentences import problems
from app.sentences import runs as sentences
from app.sentences.say import Money
from app.stripe_sync.models import Drift, StripeRun
from app.views import Instant, Snake


class RunBody(Snake):
    """A run with its progress."""

    id: str
    kind: str
    state: str
    phase: str | None = Field(description="Its present step.")
    account: str | None
    livemode: bool
    parameters: dict[str, Any]
    dry_run: bool
    progress_percent: float = Field(description="An estimate if Stripe does not state the total.")
    counts: dict[str, Any]
    problem: str | None = Field(description="Why it waits or has failed.")
    requested_by: str
    requested_at: Instant
    started_at: Instant | None
    heartbeat_at: Instant | None
    finished_at: Instant | None


class RunPage(Snake):
    """A page of runs."""

    data: list[RunBody]
    page: int
    limit: int
    has_more: HasMore


class DriftBody(Snake):
    """A difference between Stripe and our payments, in minor units of its currency."""

    id: str
    kind: str
    stripe_id: str
    currency: str
    stripe_cents: int | None = Field(description="Stripe's amount; null if Stripe has none.")
    our_cents: int | None = Field(description="Accrual's amount; null if Accrual has none.")
    sentence: str
    healed_at: Instant | None


class ReconciliationBody(RunBody):
    """A reconciliation with its differences."""

    drifts: list[DriftBody]
    has_more: bool = Field(description="Whether more differences follow; request them with the last id.")


def run_fields(run: StripeRun) -> dict[str, Any]:
    """The fields of `RunBody`."""
    return {
        "id": ids.encode(ids.RUN, run.id),
        "kind": run.kind,
        "state": run.state,
        "phase": sentences.phase(run.phase) if run.phase else None,
        "account": run.account or None,
        "livemode": run.livemode,
        "parameters": {name: value for name, value in run.parameters.items() if name != "organization_ids"},
        "dry_run": run.dry_run,
        "progress_percent": run.progress_bps / 100,
        "counts": run.counts,
        "problem": problems.sentence(run.problem),
        "requested_by": run.requested_by,
        "requested_at": run.requested_at,
        "started_at": run.started_at,
        "heartbeat_at": run.heartbeat_at,
        "finished_at": run.finished_at,
    }


def drift_fields(drift: Drift) -> dict[str, Any]:
    """The fields of `DriftBody`."""
    return {
        "id": ids.encode(ids.DRIFT, drift.id),
        "kind": drift.kind,
        "stripe_id": drift.stripe_id,
        "currency": drift.currency,
        "stripe_cents": drift.stripe_minor,
        "our_cents": drift.our_minor,
        "sentence": _sentence(drift),
        "healed_at": drift.healed_at,
    }


def _sentence(drift: Drift) -> str:
    theirs = None if drift.stripe_minor is None else Money(drift.stripe_minor, drift.currency)
    ours = None if drift.our_minor is None else Money(drift.our_minor, drift.our_currency)
    return sentences.drift(drift.kind, drift.object_kind, theirs, ours)
