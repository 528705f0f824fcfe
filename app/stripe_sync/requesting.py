"""Asking for a backfill, a reconciliation or a replay: what may be asked, and the run it becomes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidRequest
from app.stripe_events.replaying import Selection
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys, runs
from app.stripe_sync.models import StripeRun

RECONCILED_DAYS: Final = 7
"""How far back a comparison goes unless somebody says."""
SETTLING_TIME: Final = timedelta(minutes=15)
"""What is younger may be on its way, and no difference."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose history, and which stretch of it. `livemode` None: the only mode there is; `until` None: up to now."""

    organization_id: UUID
    requested_by: str
    account: str = ""
    livemode: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def backfill(session: Session, asked: Asked, *, dry_run: bool) -> StripeRun:
    """Ask for everything Stripe has since `since`. Wake a worker after the commit. Raises as `_window`, `_scope`."""
    if asked.since is None:
        raise InvalidRequest("`since` is required", param="since")
    parameters = _window(asked.since, asked.until)
    return runs.request(
        session,
        _scope(session, asked),
        "backfill",
        parameters,
        requested_by=asked.requested_by,
        dry_run=dry_run,
    )


def reconciliation(session: Session, asked: Asked, *, heal: bool) -> StripeRun:
    """Ask for a comparison of our payments with Stripe's. Wake a worker after the commit. Raises as `backfill`."""
    latest = datetime.now(UTC) - SETTLING_TIME
    since = asked.since or latest - timedelta(days=RECONCILED_DAYS)
    parameters = {**_window(since, min(asked.until or latest, latest)), "heal": heal}
    return runs.request(session, _scope(session, asked), "reconcile", parameters, requested_by=asked.requested_by)


# Whoever has an endpoint may have a key; the first organization may have the setting's.
_TO_COMPARE = text("""
    SELECT DISTINCT endpoint.organization_id, endpoint.livemode FROM stripe_endpoints AS endpoint
    WHERE endpoint.deleted_at IS NULL
    UNION
    SELECT first.id, mode FROM (SELECT id FROM organizations ORDER BY created_at, id LIMIT 1) AS first,
                               unnest(ARRAY[true, false]) AS mode
    EXCEPT
    SELECT organization_id, livemode FROM stripe_runs
    WHERE kind = 'reconcile' AND account = '' AND requested_by = :requested_by
      AND requested_at > now() - interval '1 day'
""")


def daily_reconciliations(session: Session, *, requested_by: str) -> int:
    """Ask for a comparison wherever there is a key and none was asked for within a day; gives how many."""
    asked = 0
    for owner, livemode in session.execute(_TO_COMPARE, {"requested_by": requested_by}).all():
        if api_keys.is_configured(session, owner, livemode=livemode):
            reconciliation(session, Asked(owner, requested_by, livemode=livemode), heal=False)
            asked += 1
    return asked


def replay(session: Session, organization_id: UUID, selection: Selection, *, requested_by: str) -> StripeRun:
    """Ask for events to be worked again. Wake a worker after the commit.

    Raises:
        InvalidRequest: `since` is not before `until`.
    """
    if selection.since and selection.until and selection.since >= selection.until:
        raise InvalidRequest("`since` must be before `until`", param="since")
    scope = Scope(organization_id, "", livemode=False)
    return runs.request(session, scope, "replay", selection.as_json(), requested_by=requested_by)


def _window(since: datetime, until: datetime | None) -> dict[str, str | None]:
    """The stretch as parameters. Raises InvalidRequest where it is empty or lies ahead."""
    now = datetime.now(UTC)
    if since >= now:
        raise InvalidRequest("`since` is in the future", param="since")
    if until is not None and until <= since:
        raise InvalidRequest("`until` must be after `since`", param="until")
    end = min(until, now) if until is not None else now
    return {"since": since.astimezone(UTC).isoformat(), "until": end.astimezone(UTC).isoformat()}


def _scope(session: Session, asked: Asked) -> Scope:
    return Scope(asked.organization_id, asked.account, _livemode(session, asked))


def _livemode(session: Session, asked: Asked) -> bool:
    """The mode asked for, else the only one there is a key of.

    Raises:
        Conflict: there is no key to ask Stripe with.
        InvalidRequest: there are keys of both modes.
    """
    # Not what this process believes: a key given a second ago counts.
    modes = [mode for mode in (True, False) if api_keys.find(session, asked.organization_id, livemode=mode)]
    if not modes or asked.livemode not in (None, *modes):
        raise Conflict(
            "no Stripe API key of this mode is configured; set `api_key` on the Stripe endpoint", code="no_stripe_key"
        )
    if asked.livemode is None and len(modes) > 1:
        raise InvalidRequest(
            "`livemode` is required, because API keys of both modes are configured: true for live, false for test",
            param="livemode",
        )
    return modes[0] if asked.livemode is None else asked.livemode
