"""What a sender does with deliveries: claims those that are due, and stores each attempt with its result."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app import bulk, ids
from app.immutable import immutable
from app.outbox import waits
from app.outbox.bodies import body_of
from app.outbox.models import OutboundAttempt, OutboundDelivery, OutboundEndpoint, OutboundMessage
from app.sentences.problems import Problem

LEASE_SECONDS: Final = 60
"""How long a sender may take for an attempt. After that another sends the message again, with the same id."""
ENDED_AT_ONCE: Final = 1_000
"""The most deliveries of a deleted endpoint that are given up at once."""

Result = Literal["delivered", "postponed", "given_up", "lease_lost"]


@immutable
class ClaimedDelivery:
    """A delivery that this process has claimed, with what the request needs. Nothing of it but ids may reach a log.

    Attributes:
        message_id: the public id, which the receiver knows the message by.
        postback: for a partner's postback URL, the type and data of the message that its placeholders are filled with;
            None: a webhook, whose body is signed.
        secrets: the endpoint's signing secrets, sealed, the newest first.
        attempts: how many failed since it was recorded or resent.
    """

    id: UUID
    lease: UUID
    endpoint_id: UUID
    organization_id: UUID
    livemode: bool
    message_id: str
    attempts: int
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    postback: Mapping[str, Any] | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@immutable
class Attempt:
    """One request and what came of it; `answer` is the beginning of the body. Accepted if `problem` is None."""

    attempted_at: datetime
    duration_ms: int
    status_code: int | None
    problem: Problem | None
    answer: str | None = field(repr=False)


# One step in the index for each endpoint, so that a long queue of one costs the others nothing.
_WAITING: Final = """
    WITH RECURSIVE waiting AS (
        (SELECT endpoint_id FROM outbound_deliveries WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT next.endpoint_id FROM outbound_deliveries AS next
                WHERE next.state = 'pending' AND next.endpoint_id > waiting.endpoint_id ORDER BY endpoint_id LIMIT 1)
        FROM waiting WHERE waiting.endpoint_id IS NOT NULL
    )
"""
"""The endpoints that have anything pending: `waiting (endpoint_id)`, with one null row."""

# A transaction that began to record before an endpoint was deleted may add deliveries for it afterwards: they end here.
# Those that fail come last and by chance: by age, many that hang would keep another from its next attempt for hours.
_CLAIM = text(f"""
    {_WAITING}, free AS (
        SELECT endpoint.id, endpoint.failing_since IS NOT NULL AS is_failing, coalesce(known.places, :places) AS places
        FROM waiting JOIN outbound_endpoints AS endpoint ON endpoint.id = waiting.endpoint_id
        LEFT JOIN json_to_recordset(CAST(:known AS json)) AS known(id uuid, places integer) ON known.id = endpoint.id
        WHERE endpoint.disabled_at IS NULL AND endpoint.deleted_at IS NULL
    ), ended AS (
        UPDATE outbound_deliveries SET state = 'given_up', finished_at = now() WHERE id IN (
            SELECT late.id FROM waiting
            JOIN outbound_endpoints AS endpoint ON endpoint.id = waiting.endpoint_id AND endpoint.deleted_at IS NOT NULL
            CROSS JOIN LATERAL (
                SELECT id FROM outbound_deliveries WHERE state = 'pending' AND endpoint_id = endpoint.id
                LIMIT {ENDED_AT_ONCE} FOR UPDATE SKIP LOCKED
            ) AS late
        )
    ), due AS (
        SELECT oldest.id FROM free CROSS JOIN LATERAL (
            SELECT id, next_attempt_at FROM outbound_deliveries
            WHERE state = 'pending' AND endpoint_id = free.id AND next_attempt_at <= now()
            ORDER BY next_attempt_at LIMIT free.places FOR UPDATE SKIP LOCKED
        ) AS oldest
        ORDER BY is_failing, CASE WHEN is_failing THEN random() END, oldest.next_attempt_at LIMIT :most
    )
    UPDATE outbound_deliveries AS delivery
    SET lease = :lease, leased_until = now() + make_interval(secs => :seconds),
        next_attempt_at = now() + make_interval(secs => :seconds)
    FROM due WHERE delivery.id = due.id
    RETURNING delivery.id
""")


def claim(
    session: Session, *, most: int, places: int, known: Mapping[UUID, int], now: datetime
) -> list[ClaimedDelivery]:
    """Claim deliveries that are due, for `LEASE_SECONDS`: of each endpoint the oldest, and of all these the oldest.

    Endpoints that fail are served after all others, in an order of chance. What was recorded for an endpoint
    while it was being deleted is given up.

    Args:
        most: how many at most.
        places: how many of one endpoint at most.
        known: for some endpoints how many instead, 0 or more.
        now: until when the secret before a rotation signs too.
    """
    lease = ids.new()
    values = {
        "known": bulk.encode([{"id": str(endpoint_id), "places": number} for endpoint_id, number in known.items()]),
        "places": places,
        "most": most,
        "lease": lease,
        "seconds": LEASE_SECONDS,
    }
    claimed = session.scalars(_CLAIM, values).all()
    if not claimed:
        return []
    query = (
        select(OutboundDelivery, OutboundMessage, OutboundEndpoint)
        .join(OutboundMessage, OutboundMessage.id == OutboundDelivery.message_id)
        .join(OutboundEndpoint, OutboundEndpoint.id == OutboundDelivery.endpoint_id)
        .where(OutboundDelivery.id.in_(claimed))
        .order_by(OutboundDelivery.id)
    )
    return [_claimed(*row, lease, now) for row in session.execute(query)]


_FINISH = text("""
    UPDATE outbound_deliveries
    SET state = :state, attempts = attempts + 1, lease = NULL, leased_until = NULL,
        finished_at = CASE WHEN :state = 'pending' THEN NULL ELSE now() END,
        next_attempt_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND lease = :lease AND state = 'pending'
    RETURNING id
""")

_ACCEPTED = text(
    "UPDATE outbound_endpoints SET failing_since = NULL WHERE id = :endpoint_id AND failing_since IS NOT NULL"
)

_FAILED = text("UPDATE outbound_endpoints SET failing_since = :since WHERE id = :endpoint_id AND failing_since IS NULL")


def store_attempt(session: Session, delivery: ClaimedDelivery, attempt: Attempt, *, chance: float) -> Result:
    """Store an attempt: the delivery is done, or due again after a wait, or given up after the last one.

    If the lease has ended, or a person has had it sent again meanwhile, only the attempt itself is stored.

    Args:
        chance: a random number from 0 to 1, by which the wait is shorter or longer.
    """
    session.execute(insert(OutboundAttempt).values(_row(delivery, attempt)))
    _mark_endpoint(session, delivery.endpoint_id, attempt)
    wait_seconds = waits.seconds_after(delivery.attempts + 1, chance=chance) if attempt.problem else None
    result: Result = "postponed" if wait_seconds is not None else "given_up" if attempt.problem else "delivered"
    state = "pending" if result == "postponed" else result
    values = {"id": delivery.id, "lease": delivery.lease, "state": state, "seconds": wait_seconds or 0}
    return "lease_lost" if session.scalar(_FINISH, values) is None else result


_OLDEST_DUE = text(f"""
    {_WAITING}
    SELECT extract(epoch FROM now() - min(oldest.next_attempt_at))
    FROM waiting JOIN outbound_endpoints AS endpoint ON endpoint.id = waiting.endpoint_id
    CROSS JOIN LATERAL (
        SELECT min(next_attempt_at) AS next_attempt_at FROM outbound_deliveries
        WHERE state = 'pending' AND endpoint_id = endpoint.id
    ) AS oldest
    WHERE endpoint.disabled_at IS NULL AND endpoint.deleted_at IS NULL AND oldest.next_attempt_at <= now()
        AND (endpoint.failing_since IS NULL OR :with_failing)
""")


def is_due(session: Session) -> bool:
    """Whether any delivery is due."""
    return session.scalar(_OLDEST_DUE, {"with_failing": True}) is not None


def oldest_due_seconds(session: Session) -> float | None:
    """How long the delivery has been due that has been due longest; None if none is due.

    Endpoints that fail are left out: they get one message at a time, so what waits for them says nothing of the sender.
    """
    seconds = session.scalar(_OLDEST_DUE, {"with_failing": False})
    return None if seconds is None else float(seconds)


def _claimed(
    delivery: OutboundDelivery, message: OutboundMessage, endpoint: OutboundEndpoint, lease: UUID, now: datetime
) -> ClaimedDelivery:
    ends_at = endpoint.previous_secret_ends_at
    secrets = [endpoint.secret_encrypted, endpoint.previous_secret_encrypted if ends_at and ends_at > now else None]
    return ClaimedDelivery(
        id=delivery.id,
        lease=lease,
        endpoint_id=endpoint.id,
        organization_id=delivery.organization_id,
        livemode=delivery.livemode,
        message_id=ids.encode(ids.OUTBOUND_MESSAGE, message.id),
        attempts=delivery.attempts,
        url=endpoint.url,
        body=body_of(message),
        postback={"type": message.type, **message.data} if endpoint.partner_id else None,
        secrets=tuple(secret for secret in secrets if secret),
    )


def _row(delivery: ClaimedDelivery, attempt: Attempt) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "organization_id": delivery.organization_id,
        "livemode": delivery.livemode,
        "attempted_at": attempt.attempted_at,
        "duration_ms": attempt.duration_ms,
        "status_code": attempt.status_code,
        "problem": None if attempt.problem is None else dict(attempt.problem),
        "answer": None if delivery.postback is not None else attempt.answer,
    }


def _mark_endpoint(session: Session, endpoint_id: UUID, attempt: Attempt) -> None:
    """Note since when the endpoint fails. Most attempts change nothing here, so they do not wait for each other."""
    if attempt.problem is None:
        session.execute(_ACCEPTED, {"endpoint_id": endpoint_id})
    else:
        session.execute(_FAILED, {"endpoint_id": endpoint_id, "since": attempt.attempted_at})
