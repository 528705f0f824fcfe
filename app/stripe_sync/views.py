"""Backfills, reconciliations and replays as their surface shows them."""

from typing import Annotated, Any

from pydantic import Field

from app import ids
from app.paging import Numbered
from app.sentences import problems
from app.sentences import runs as sentences
from app.sentences.outcomes import OUTCOMES
from app.sentences.say import Money
from app.stripe_sync.models import Drift, StripeRun
from app.views import Instant, Moment, OneOf, Request, Snake

SINCE = "ISO 8601 with a zone."


class RunPath(Request):
    """Which run."""

    run_id: str = Field(description="`run_…`.")


class RunQuery(Numbered):
    """Which runs."""

    limit: int = Field(default=50, ge=1, le=100)


class DriftQuery(Request):
    """Which of a reconciliation's differences."""

    limit: int = Field(default=100, ge=1, le=1000)
    starting_after: str | None = Field(default=None, description="The id of the last one seen.")


class StripeWindow(Request):
    """A stretch of one Stripe account's history."""

    until: Moment | None = Field(default=None, description=f"{SINCE} Now, unless given.")
    account: str = Field(
        default="",
        max_length=255,
        pattern=r"^(acct_\w+)?$",
        description="A connected account's `acct_…`; empty for your own account.",
    )
    livemode: bool | None = Field(default=None, description="Needed only where there are keys of both modes.")


class BackfillRequest(StripeWindow):
    """What to fetch."""

    since: Moment = Field(description=SINCE)
    dry_run: bool = Field(default=False, description="Post nothing; only compute what it would post.")


class ReconciliationRequest(StripeWindow):
    """What to compare."""

    since: Moment | None = Field(
        default=None, description=f"{SINCE} A week ago, unless given.", examples=["2026-11-01T00:00:00Z"]
    )
    heal: bool = Field(default=False, description="Fetch what differs, so that it is settled.")


class ReplayRequest(Request):
    """Which events to process again: those that meet every condition; without a condition, all."""

    outcome: Annotated[str, OneOf(OUTCOMES)] | None = Field(default=None, examples=["unattributed"])
    type: str | None = Field(default=None, max_length=255, description="Such as `invoice.paid`.")
    since: Moment | None = Field(default=None, description=f"Received then or later; {SINCE}")
    until: Moment | None = Field(default=None, description=f"Received before then; {SINCE}")


class RunBody(Snake):
    """A run and how far it has come."""

    id: str
    kind: str
    state: str
    phase: str | None = Field(description="What it is doing.")
    account: str | None
    livemode: bool | None = Field(description="None for a replay, which is of the whole inbox.")
    parameters: dict[str, Any]
    dry_run: bool
    progress_percent: float = Field(description="An estimate if Stripe does not state the total.")
    counts: dict[str, Any]
    problem: str | None = Field(description="What holds it up, or why it failed.")
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


class DriftBody(Snake):
    """One difference between Stripe and our payments, in minor units of its currency."""

    id: str
    kind: str
    stripe_id: str
    currency: str
    stripe_cents: int | None = Field(description="Stripe's amount; null if Stripe has none.")
    our_cents: int | None = Field(description="Accrual's amount; null if Accrual has none.")
    sentence: str
    healed_at: Instant | None


class ReconciliationBody(RunBody):
    """A reconciliation with the differences it found."""

    drifts: list[DriftBody]


def run_fields(run: StripeRun) -> dict[str, Any]:
    """The fields of `RunBody`."""
    is_replay = run.kind == "replay"
    return {
        "id": ids.encode(ids.RUN, run.id),
        "kind": run.kind,
        "state": run.state,
        "phase": sentences.phase(run.phase) if run.phase else None,
        "account": run.account or None,
        "livemode": None if is_replay else run.livemode,
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
