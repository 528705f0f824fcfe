"""Begins and ends the waiting of events with the outcome `waiting`."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app import bulk
from app.stripe_events.inbox import Outcome
from app.stripe_events.scope import SCOPE_SQL, Scope

_END_WAITING = """
    UPDATE stripe_events SET outcome = given.outcome, outcome_details = given.outcome_details
    FROM json_to_recordset(CAST(:rows AS json)) AS given(object_id text, outcome text, outcome_details jsonb)
    WHERE organization_id = :organization_id AND account = :account AND livemode = :livemode
      AND stripe_events.object_id = given.object_id AND stripe_events.outcome = 'waiting'
"""
_END_ALL = text(_END_WAITING)
_END_THIN = text(f"{_END_WAITING} AND stripe_events.type LIKE 'v1.%'")


def end(session: Session, scope: Scope, outcomes: Mapping[str, Outcome]) -> None:
    """Set the outcomes of `waiting` events, by the id of their object."""
    _end(session, scope, _END_ALL, outcomes)


def end_thin(session: Session, scope: Scope, outcomes: Mapping[str, Outcome]) -> None:
    """Set the outcomes of `waiting` thin events to those of the documents fetched for them, by the object's id."""
    _end(session, scope, _END_THIN, outcomes)


_NOTHING_NEW = text(f"""
    UPDATE stripe_events SET outcome = 'no_change', outcome_details = '{{}}'
    WHERE {SCOPE_SQL} AND stripe_id = :stripe_id AND outcome = 'waiting'
""")


def end_unchanged(session: Session, scope: Scope, stripe_id: str) -> None:
    """End the wait of a thin event with `no_change`, because the fetched object was stored already."""
    session.execute(_NOTHING_NEW, {**scope.parameters(), "stripe_id": stripe_id})


def _end(session: Session, scope: Scope, statement: TextClause, outcomes: Mapping[str, Outcome]) -> None:
    rows = [
        {"object_id": object_id, "outcome": outcome.name, "outcome_details": dict(outcome.details)}
        for object_id, outcome in outcomes.items()
    ]
    if rows:
        session.execute(statement, {**scope.parameters(), "rows": bulk.encode(rows)})


_END_ABANDONED = text("""
    UPDATE stripe_events SET outcome = 'no_change', outcome_details = jsonb_build_object('because', CAST(:why AS text))
    WHERE organization_id = :organization_id AND account = :account AND livemode = :livemode
      AND object_id = ANY(:object_ids) AND outcome = 'waiting'
""")


def end_abandoned(session: Session, scope: Scope, object_ids: Collection[str], why: str) -> None:
    """End the wait of events about these objects with `no_change`; `why` is a code of `outcomes.REASONS`."""
    if object_ids:
        session.execute(_END_ABANDONED, {**scope.parameters(), "object_ids": sorted(object_ids), "why": why})


_BEGIN_WAITING = text(f"""
    UPDATE stripe_events SET outcome = 'waiting', outcome_details = given.outcome_details
    FROM json_to_recordset(CAST(:rows AS json)) AS given(object_id text, outcome_details jsonb)
    WHERE {SCOPE_SQL} AND stripe_events.object_id = given.object_id AND stripe_events.outcome = 'unattributed'
""")


def begin(session: Session, scope: Scope, details: Mapping[str, Mapping[str, Any]]) -> None:
    """Change the outcome of `unattributed` events to `waiting`, by the id of their object.

    `details` has the outcome details of each object's events.
    """
    rows = [{"object_id": object_id, "outcome_details": dict(values)} for object_id, values in details.items()]
    if rows:
        session.execute(_BEGIN_WAITING, {**scope.parameters(), "rows": bulk.encode(rows)})
