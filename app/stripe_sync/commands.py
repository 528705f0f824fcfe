"""Commands: request and stop backfills, reconciliations and replays, and repeat look-ups, each with its audit entry."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import CLOCK, Actor, name_of
from app.stripe_events.replaying import Selection
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys, lookups, runs
from app.stripe_sync.models import StripeRun
from app.views import instant_text

RECONCILED_DAYS: Final = 7
"""The period of a reconciliation without `since`."""
SETTLING_TIME: Final = timedelta(minutes=15)
"""Payments younger than this are not compared, because their events may not have arrived yet."""


@immutable
class HistoryRequest:
    """An account and a period of its history. `livemode` None: the only mode with a key; `until` None: up to now."""

    organization_id: UUID
    account: str = ""
    livemode: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def request_backfill(session: Session, actor: Actor, asked: HistoryRequest, *, dry_run: bool) -> StripeRun:
    """Request a backfill of everything Stripe has since `asked.since`. Wake a worker after the commit.

    Raises:
        InvalidRequest: there is no `since`, the period is empty or in the future, or there are API keys of both modes.
        Conflict: `no_stripe_key`: there is no API key.
    """
    if asked.since is None:
        raise InvalidRequest("`since` is required", param="since")
    parameters = _window(asked.since, asked.until)
    scope = _scope(session, asked)
    run = runs.request(session, scope, "backfill", parameters, requested_by=name_of(actor), dry_run=dry_run)
    return _audited(session, actor, "backfill.requested", run, {"dry_run": dry_run})


def request_reconciliation(session: Session, actor: Actor, asked: HistoryRequest, *, heal: bool) -> StripeRun:
    """Request a comparison of our payments with Stripe's; `heal` also fetches what differs.

    Wake a worker after the commit. Raises as `request_backfill`.
    """
    latest = datetime.now(UTC) - SETTLING_TIME
    since = asked.since or latest - timedelta(days=RECONCILED_DAYS)
    parameters = {**_window(since, min(asked.until or latest, latest)), "heal": heal}
    run = runs.request(session, _scope(session, asked), "reconcile", parameters, requested_by=name_of(actor))
    return _audited(session, actor, "reconciliation.requested", run, {"heal": heal})


_TO_COMPARE = text("""
    SELECT DISTINCT endpoint.organization_id, endpoint.livemode FROM stripe_endpoints AS endpoint
    WHERE endpoint.deleted_at IS NULL AND endpoint.api_key_encrypted IS NOT NULL
    EXCEPT
    SELECT organization_id, livemode FROM stripe_runs
    WHERE kind = 'reconcile' AND account = '' AND requested_by = :requested_by
      AND requested_at > now() - interval '1 day'
""")


def request_daily_reconciliations(session: Session) -> int:
    """Request a reconciliation for every API key without one by the clock within a day; returns how many."""
    due = session.execute(_TO_COMPARE, {"requested_by": name_of(CLOCK)}).all()
    for owner, livemode in due:
        request_reconciliation(session, CLOCK, HistoryRequest(owner, livemode=livemode), heal=False)
    return len(due)


def request_replay(session: Session, actor: Actor, organization_id: UUID, selection: Selection) -> StripeRun:
    """Request that events are processed again. Wake a worker after the commit.

    Raises:
        InvalidRequest: `since` is not before `until`.
    """
    if selection.since and selection.until and selection.since >= selection.until:
        raise InvalidRequest("`since` must be before `until`", param="since")
    scope = Scope(organization_id, "", selection.livemode)
    run = runs.request(session, scope, "replay", selection.as_json(), requested_by=name_of(actor))
    selected = {
        "outcome": selection.outcome,
        "type": selection.type_,
        "since": instant_text(selection.since) if selection.since else None,
        "until": instant_text(selection.until) if selection.until else None,
    }
    conditions = {name: value for name, value in selected.items() if value is not None}
    return _audited(session, actor, "replay.requested", run, conditions)


def stop_run(session: Session, actor: Actor, run: StripeRun) -> StripeRun:
    """End a run permanently before it is done; what it has done stays.

    Raises:
        Conflict: `run_ended`.
    """
    runs.stop(session, run)
    return _audited(session, actor, "run.stopped", run, {"kind": run.kind})


def ask_again(session: Session, actor: Actor, organization_ids: Sequence[UUID], *, livemode: bool) -> int:
    """Make every look-up of a mode due that was given up or postponed, after a key was put right.

    Wake a worker after the commit.

    Returns:
        How many look-ups are due. The audit entry is the first organization's.
    """
    count = lookups.ask_again(session, organization_ids, livemode=livemode)
    subject_id = ids.encode(ids.ORGANIZATION, organization_ids[0])
    details, owner = {"look_ups": count}, organization_ids[0]
    audit.add_entry(
        session, actor, "waiting.asked_again", subject_id, details, organization_id=owner, livemode=livemode
    )
    return count


def _audited(session: Session, actor: Actor, action: str, run: StripeRun, details: Mapping[str, Any]) -> StripeRun:
    run_id = ids.encode(ids.RUN, run.id)
    owner, livemode = run.organization_id, run.livemode
    audit.add_entry(session, actor, action, run_id, details, organization_id=owner, livemode=livemode)
    return run


def _window(since: datetime, until: datetime | None) -> dict[str, str | None]:
    """The period as a run's parameters. Raises InvalidRequest if it is empty or in the future."""
    now = datetime.now(UTC)
    if since >= now:
        raise InvalidRequest("`since` is in the future", param="since")
    if until is not None and until <= since:
        raise InvalidRequest("`until` must be after `since`", param="until")
    end = min(until, now) if until is not None else now
    return {"since": since.astimezone(UTC).isoformat(), "until": end.astimezone(UTC).isoformat()}


def _scope(session: Session, asked: HistoryRequest) -> Scope:
    return Scope(asked.organization_id, asked.account, _livemode(session, asked))


def _livemode(session: Session, asked: HistoryRequest) -> bool:
    """The requested mode, else the only mode with an API key.

    Raises:
        Conflict: `no_stripe_key`: there is no API key of this mode.
        InvalidRequest: there are keys of both modes.
    """
    # Not from the cache, so that a key that was added just now counts.
    modes = [mode for mode in (True, False) if api_keys.find(session, asked.organization_id, livemode=mode)]
    if not modes or asked.livemode not in (None, *modes):
        raise Conflict(_no_key(asked.livemode), code="no_stripe_key")
    if asked.livemode is None and len(modes) > 1:
        raise InvalidRequest(
            "`livemode` is required, because API keys of both modes are configured: true for live, false for test",
            param="livemode",
        )
    return modes[0] if asked.livemode is None else asked.livemode


def _no_key(livemode: bool | None) -> str:
    kind = {None: "", True: "live ", False: "test "}[livemode]
    return (
        f"no {kind}webhook endpoint has a Stripe API key; give it one with `accrual endpoints key whe_…`, or with "
        "`api_key` of PATCH /api/v1/stripe-endpoints/:id"
    )
