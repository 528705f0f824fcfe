"""The inbox: stores every Stripe event exactly once, claims due events by row lock, finishes them with an outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import backoff, bulk, direct
from app.stripe_events import envelope
from app.stripe_events.endpoints.receivers import StripeReceiver
from app.stripe_events.scope import Scope

MAX_ATTEMPTS: Final = 12
FIRST_WAIT_SECONDS: Final = 1
LONGEST_WAIT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """An unprocessed event whose row this transaction has locked."""

    id: int
    scope: Scope
    stripe_id: str
    type: str
    occurred_at: datetime
    payload: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an event: a code of `OUTCOMES`, and the parameters of its sentence."""

    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of a delivery.

    Attributes:
        result: as it is counted: `stored`, `wrong_mode` (stored too), `duplicate`; `different` if the event is known
            with another document, which stays the one that counts.
        is_due: whether the event is unprocessed.
    """

    result: str
    is_due: bool


_INSERT = direct.Statement("""
    INSERT INTO stripe_events (organization_id, endpoint_id, account, livemode, stripe_id, api_version, is_wrong_mode,
                               type, object_id, occurred_at, payload, processed_at, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
            CASE WHEN $7 THEN now() END, CASE WHEN $7 THEN 'wrong_mode' END)
    ON CONFLICT ON CONSTRAINT uq_stripe_events_identity DO NOTHING
""")

_KNOWN = """
    SELECT processed_at IS NULL AS is_due, is_stripe_event_different(id, CAST(%(payload)s AS text)) AS is_different
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
    described = (event["type"], _object_id(event), envelope.occurred_at(event), payload)
    if connection.execute(_INSERT, *identity.values(), *described):
        return Receipt("wrong_mode" if identity["is_wrong_mode"] else "stored", is_due=not identity["is_wrong_mode"])
    [known] = connection.fetch(_KNOWN, {**identity, "payload": payload})  # the row the insert conflicts with
    return Receipt("different" if known.is_different else "duplicate", is_due=known.is_due)


def _object_id(event: Mapping[str, Any]) -> str:
    data = event.get("data")
    document = data.get("object") if isinstance(data, dict) else event.get("related_object")
    object_id = document.get("id") if isinstance(document, dict) else None
    return str(object_id) if envelope.is_word(object_id) else ""


_DUE_COLUMNS = (
    "id, organization_id, account, livemode, stripe_id, type, occurred_at, payload, attempts FROM stripe_events"
)

_CLAIM = text(f"""
    SELECT {_DUE_COLUMNS}
    WHERE processed_at IS NULL AND next_attempt_at <= now()
    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_CLAIM_ONE = text(f"""
    SELECT {_DUE_COLUMNS} WHERE id = :id AND processed_at IS NULL FOR UPDATE SKIP LOCKED
""")


_CLAIM_THESE = text(f"""
    SELECT {_DUE_COLUMNS} WHERE id = ANY (:ids) AND processed_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
""")


def claim(session: Session, limit: int) -> list[ClaimedEvent]:
    """Lock up to `limit` due events, by inbox order, without those that another drain has locked."""
    return [_claimed(row) for row in session.execute(_CLAIM, {"limit": limit})]


def claim_one(session: Session, event_id: int) -> ClaimedEvent | None:
    """Lock this event if it is unprocessed and not locked by another drain; else None."""
    row = session.execute(_CLAIM_ONE, {"id": event_id}).one_or_none()
    return _claimed(row) if row is not None else None


def claim_these(session: Session, event_ids: Sequence[int]) -> list[ClaimedEvent]:
    """Lock those of these events that are unprocessed and not locked by another drain, by inbox order."""
    return [_claimed(row) for row in session.execute(_CLAIM_THESE, {"ids": list(event_ids)})]


def _claimed(row: Any) -> ClaimedEvent:
    scope = Scope.of(row)
    return ClaimedEvent(row.id, scope, row.stripe_id, row.type, row.occurred_at, row.payload, row.attempts)


_FINISH = text("""
    UPDATE stripe_events SET processed_at = now(), outcome = given.outcome,
                             outcome_details = given.outcome_details, last_error = NULL
    FROM json_to_recordset(CAST(:rows AS json)) AS given(id bigint, outcome text, outcome_details jsonb)
    WHERE stripe_events.id = given.id
""")


def finish(session: Session, outcomes: Mapping[int, Outcome]) -> None:
    """Mark events as processed with their outcomes, in the transaction of their effects."""
    rows = [
        {"id": event_id, "outcome": outcome.name, "outcome_details": dict(outcome.details)}
        for event_id, outcome in outcomes.items()
    ]
    if rows:
        session.execute(_FINISH, {"rows": bulk.encode(rows)})


_COUNT_ATTEMPT = text("""
    UPDATE stripe_events SET attempts = attempts + 1, next_attempt_at = :next_attempt_at
    WHERE id = :id AND processed_at IS NULL AND attempts = :attempts
    RETURNING attempts
""")


def count_attempt(session: Session, event: ClaimedEvent, *, now: datetime) -> int | None:
    """Count an attempt before it is made, so that an event that crashes its process is counted too.

    Returns:
        The attempts so far, with this one; None if another drain has claimed or finished the event meanwhile.
    """
    wait = timedelta(
        seconds=backoff.seconds(event.attempts + 1, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
    )
    values = {"id": event.id, "attempts": event.attempts, "next_attempt_at": now + wait}
    attempts: int | None = session.scalar(_COUNT_ATTEMPT, values)
    return attempts


_UNCOUNT_ATTEMPT = text("""
    UPDATE stripe_events SET attempts = attempts - 1, next_attempt_at = now()
    WHERE id = :id AND processed_at IS NULL AND attempts = :attempts
""")


def uncount_attempt(session: Session, event_id: int, attempts: int) -> None:
    """Undo `count_attempt` for an event that did not cause the failure; it is due again at once."""
    session.execute(_UNCOUNT_ATTEMPT, {"id": event_id, "attempts": attempts})


_STORE_FAILURE = text("""
    UPDATE stripe_events SET last_error = CAST(:problem AS jsonb)
    WHERE id = :id AND processed_at IS NULL AND attempts = :attempts
""")

_PARK = text("""
    UPDATE stripe_events SET processed_at = now(), outcome = 'parked', last_error = CAST(:problem AS jsonb),
                             outcome_details = CAST(:problem AS jsonb)
    WHERE id = :id AND processed_at IS NULL AND attempts = :attempts
""")


def store_failure(session: Session, event_id: int, attempts: int, problem: Mapping[str, Any], *, park: bool) -> None:
    """Store why an attempt failed; with `park`, park the event. Does nothing if another drain has finished it."""
    statement = _PARK if park else _STORE_FAILURE
    session.execute(statement, {"id": event_id, "attempts": attempts, "problem": bulk.encode_one(problem)})


_OLDEST_DUE = text("""
    SELECT extract(epoch FROM now() - min(greatest(received_at, next_attempt_at)))
    FROM stripe_events WHERE processed_at IS NULL AND next_attempt_at <= now()
""")


def oldest_due_seconds(session: Session) -> float | None:
    """Seconds since the oldest due event became due; None if no event is due."""
    age = session.scalar(_OLDEST_DUE)
    return float(age) if age is not None else None


_ANY_DUE = text("""
    SELECT EXISTS (SELECT FROM stripe_events
                   WHERE processed_at IS NULL AND attempts = 0 AND id <= :up_to
                     AND organization_id = :organization_id AND livemode = :livemode)
""")


def is_any_due(session: Session, organization_id: UUID, *, livemode: bool, up_to: int) -> bool:
    """Whether an event of the organization's live or test mode with an inbox id up to `up_to` was not tried yet."""
    values = {"organization_id": organization_id, "livemode": livemode, "up_to": up_to}
    return bool(session.scalar(_ANY_DUE, values))
