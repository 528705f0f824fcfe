"""The inbox: stores every Stripe event exactly once, claims due events by row lock, finishes them with an outcome."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app import backoff, bulk, direct
from app.immutable import immutable
from app.stripe_events import envelope, outbound_facts
from app.stripe_events.endpoints.receivers import StripeReceiver
from app.stripe_events.scope import Scope

MAX_ATTEMPTS: Final = 12
FIRST_WAIT_SECONDS: Final = 1
LONGEST_WAIT_SECONDS: Final = 3600


@immutable
class ClaimedEvent:
    """An unprocessed event whose row this transaction has locked."""

    id: int
    scope: Scope
    stripe_id: str
    type: str
    occurred_at: datetime
    payload: str
    attempts: int
    is_backfill: bool
    """Whether a backfill inserted it."""
    may_name_erased: bool = False
    """Whether its organization has erased people, so that its document must be checked for them."""


@immutable
class Outcome:
    """The outcome of an event: a code of `OUTCOMES`, and the parameters of its sentence."""

    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@immutable
class Receipt:
    """The result of a delivery.

    Attributes:
        result: as it is counted: `stored`, `wrong_mode` (stored too), `duplicate`, or `different`: the event is
            stored already with another document, and the stored document counts. After an erasure stored documents
            may lack people, so then they are not compared.
        is_due: whether the event is unprocessed.
    """

    result: str
    is_due: bool


_INSERT = direct.Statement("""
    WITH inserted AS (
        INSERT INTO stripe_events (organization_id, endpoint_id, account, livemode, stripe_id, api_version,
                                   is_wrong_mode, type, object_id, occurred_at, payload, processed_at, outcome)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                CASE WHEN $7 AND EXISTS (SELECT FROM tombstones WHERE organization_id = $1) THEN '{}' ELSE $11 END,
                CASE WHEN $7 THEN now() END, CASE WHEN $7 THEN 'wrong_mode' END)
        ON CONFLICT ON CONSTRAINT uq_stripe_events_identity DO NOTHING
        RETURNING id, organization_id, livemode, is_wrong_mode
    ), made_due AS (
        INSERT INTO due_events (event_id, organization_id, livemode)
        SELECT id, organization_id, livemode FROM inserted WHERE NOT is_wrong_mode
    )
    SELECT id FROM inserted
""")

_KNOWN = """
    SELECT processed_at IS NULL AS is_due,
           is_stripe_event_different(id, CAST(%(payload)s AS text))
           AND NOT EXISTS (SELECT FROM tombstones WHERE organization_id = %(organization_id)s) AS is_different
    FROM stripe_events
    WHERE organization_id = %(organization_id)s AND account = %(account)s AND livemode = %(livemode)s
      AND stripe_id = %(stripe_id)s AND api_version = %(api_version)s AND is_wrong_mode = %(is_wrong_mode)s
"""


def insert_event(
    connection: direct.Connection, receiver: StripeReceiver, event: Mapping[str, Any], payload: str
) -> Receipt:
    """Store a verified event unchanged. A repeated delivery changes nothing, also with another document.

    An event of the other mode than the endpoint's is stored as `wrong_mode` and never becomes due: the endpoint's
    secret does not prove its origin. If the event also arrives through an endpoint of its mode, that is another row.
    An organization that has erased people stores it without its document, which no drain would check for them.
    """
    livemode = bool(event.get("livemode"))
    identity: dict[str, direct.Value] = {
        "organization_id": receiver.organization_id,
        "endpoint_id": receiver.endpoint_id,
        "account": event.get("account") or "",
        "livemode": livemode,
        "stripe_id": event["id"],
        "api_version": event.get("api_version") or "",
        "is_wrong_mode": livemode != receiver.livemode,
    }
    described = (event["type"], envelope.object_id(event), envelope.occurred_at(event), payload)
    if connection.execute(_INSERT, *identity.values(), *described):
        return Receipt("wrong_mode" if identity["is_wrong_mode"] else "stored", is_due=not identity["is_wrong_mode"])
    [known] = connection.fetch(_KNOWN, {**identity, "payload": payload})  # the row the insert conflicts with
    return Receipt("different" if known.is_different else "duplicate", is_due=known.is_due)


_MAKE_DUE = text("""
    INSERT INTO due_events (event_id, organization_id, livemode, is_backfill)
    SELECT id, organization_id, livemode, :is_backfill FROM stripe_events
    WHERE id = ANY (:ids) AND NOT is_wrong_mode ORDER BY id
    ON CONFLICT (event_id) DO UPDATE SET next_attempt_at = now()
""")


def make_due(session: Session, event_ids: Sequence[int], *, is_backfill: bool = False) -> None:
    """Make unprocessed events due at once. Waits for a drain that has claimed one of them.

    `is_backfill`: a backfill inserted them; an event that is due already stays what it is.
    """
    if event_ids:
        session.execute(_MAKE_DUE, {"ids": list(event_ids), "is_backfill": is_backfill})


_CLAIM = text("""
    SELECT event_id, is_backfill FROM due_events WHERE next_attempt_at <= now()
    ORDER BY event_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_CLAIM_THESE = text("""
    SELECT event_id, is_backfill FROM due_events WHERE event_id = ANY (:ids) ORDER BY event_id FOR UPDATE SKIP LOCKED
""")
_LOAD = text("""
    SELECT id, organization_id, account, livemode, stripe_id, type, occurred_at, payload, attempts,
           EXISTS (SELECT FROM tombstones
                   WHERE tombstones.organization_id = stripe_events.organization_id) AS may_name_erased
    FROM stripe_events WHERE id = ANY (:ids) AND processed_at IS NULL ORDER BY id
""")


def claim(session: Session, limit: int) -> list[ClaimedEvent]:
    """Lock up to `limit` due events, by inbox order, without those that another drain has locked."""
    return _load(session, session.execute(_CLAIM, {"limit": limit}))


def claim_one(session: Session, event_id: int) -> ClaimedEvent | None:
    """Lock this event if it is unprocessed and not locked by another drain; else None."""
    return next(iter(claim_these(session, [event_id])), None)


def claim_these(session: Session, event_ids: Sequence[int]) -> list[ClaimedEvent]:
    """Lock those of these events that are unprocessed and not locked by another drain, by inbox order."""
    return _load(session, session.execute(_CLAIM_THESE, {"ids": list(event_ids)}))


def _load(session: Session, due: Iterable[Row[Any]]) -> list[ClaimedEvent]:
    """The claimed events, read after their locks were taken, so with the attempts that other drains counted."""
    is_backfill = {row.event_id: row.is_backfill for row in due}
    rows = session.execute(_LOAD, {"ids": list(is_backfill)}) if is_backfill else ()
    return [
        ClaimedEvent(
            row.id,
            Scope(row.organization_id, row.account, row.livemode),
            row.stripe_id,
            row.type,
            row.occurred_at,
            row.payload,
            row.attempts,
            is_backfill[row.id],
            row.may_name_erased,
        )
        for row in rows
    ]


_FINISH = text("""
    UPDATE stripe_events SET processed_at = now(), outcome = given.outcome,
                             outcome_details = given.outcome_details, last_error = NULL
    FROM json_to_recordset(CAST(:rows AS json)) AS given(id bigint, outcome text, outcome_details jsonb)
    WHERE stripe_events.id = given.id
""")
_REMOVE_DUE = text("DELETE FROM due_events WHERE event_id = ANY (:ids)")
_BACKFILLED = text("SELECT event_id FROM due_events WHERE event_id = ANY (:ids) AND is_backfill")


def finish(session: Session, outcomes: Mapping[int, Outcome]) -> None:
    """Mark events as processed with their outcomes, in the transaction of their effects."""
    rows = [
        {"id": event_id, "outcome": outcome.name, "outcome_details": dict(outcome.details)}
        for event_id, outcome in outcomes.items()
    ]
    if rows:
        session.execute(_FINISH, {"rows": bulk.encode(rows)})
        parked = [event_id for event_id, outcome in outcomes.items() if outcome.name == "parked"]
        _remove_due(session, list(outcomes), parked)


def _remove_due(session: Session, event_ids: Sequence[int], parked: Sequence[int]) -> None:
    """Events are not due any more; of those that were parked, a fact is recorded."""
    backfilled = session.scalars(_BACKFILLED, {"ids": parked}).all() if parked else ()
    session.execute(_REMOVE_DUE, {"ids": event_ids})
    if parked:
        outbound_facts.record_parked(session, parked, backfilled)


_LOCK_DUE = text("SELECT event_id FROM due_events WHERE event_id = :id FOR UPDATE")
_CHANGE_ATTEMPTS = text("""
    UPDATE stripe_events SET attempts = attempts + :change WHERE id = :id AND attempts = :attempts RETURNING attempts
""")
_POSTPONE = text("UPDATE due_events SET next_attempt_at = :next_attempt_at WHERE event_id = :id")


def count_attempt(session: Session, event: ClaimedEvent, *, now: datetime) -> int | None:
    """Count an attempt before it is made, so that an event that crashes its process is counted too.

    Returns:
        The attempts so far, with this one; None if another drain has claimed or finished the event meanwhile.
    """
    counted = _change_attempts(session, event.id, event.attempts, 1)
    if counted is not None:
        wait_seconds = backoff.seconds(counted, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
        session.execute(_POSTPONE, {"id": event.id, "next_attempt_at": now + timedelta(seconds=wait_seconds)})
    return counted


def uncount_attempt(session: Session, event_id: int, attempts: int) -> None:
    """Undo `count_attempt` for an event that did not cause the failure; it is due again at once."""
    if _change_attempts(session, event_id, attempts, -1) is not None:
        make_due(session, [event_id])


def _change_attempts(session: Session, event_id: int, attempts: int, change: int) -> int | None:
    if session.scalar(_LOCK_DUE, {"id": event_id}) is None:
        return None
    values = {"id": event_id, "attempts": attempts, "change": change}
    changed: int | None = session.scalar(_CHANGE_ATTEMPTS, values)
    return changed


_STORE_FAILURE = text("""
    UPDATE stripe_events SET last_error = CAST(:problem AS jsonb) WHERE id = :id AND attempts = :attempts
""")
_PARK = text("""
    UPDATE stripe_events SET processed_at = now(), outcome = 'parked', last_error = CAST(:problem AS jsonb),
                             outcome_details = CAST(:problem AS jsonb)
    WHERE id = :id AND attempts = :attempts RETURNING id
""")


def store_failure(session: Session, event_id: int, attempts: int, problem: Mapping[str, Any], *, park: bool) -> None:
    """Store why an attempt failed; with `park`, park the event. Does nothing if another drain has finished it."""
    if session.scalar(_LOCK_DUE, {"id": event_id}) is None:
        return
    values = {"id": event_id, "attempts": attempts, "problem": bulk.encode_one(problem)}
    if not park:
        session.execute(_STORE_FAILURE, values)
    elif session.scalar(_PARK, values) is not None:
        _remove_due(session, [event_id], [event_id])


_OLDEST_DUE = text("""
    SELECT extract(epoch FROM now() - min(next_attempt_at)) FROM due_events WHERE next_attempt_at <= now()
""")


def oldest_due_seconds(session: Session) -> float | None:
    """Seconds since the oldest due event became due; None if no event is due."""
    age = session.scalar(_OLDEST_DUE)
    return float(age) if age is not None else None


_ANY_UNTRIED = text("""
    SELECT EXISTS (SELECT FROM due_events AS due JOIN stripe_events AS event ON event.id = due.event_id
                   WHERE due.organization_id = :organization_id AND due.livemode = :livemode
                     AND due.event_id <= :up_to AND event.attempts = 0)
""")


def is_any_untried(session: Session, organization_id: UUID, *, livemode: bool, up_to: int) -> bool:
    """Whether an event of the organization's live or test mode with an inbox id up to `up_to` was not tried yet."""
    values = {"organization_id": organization_id, "livemode": livemode, "up_to": up_to}
    return bool(session.scalar(_ANY_UNTRIED, values))
