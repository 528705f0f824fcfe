"""What waits, for what, since when, and what Stripe said about it: nothing unknown is ever silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids

METADATA: Final = "the customer's metadata, to see whether it names a partner"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One event, payment or customer that waits.

    Attributes:
        what: `event`, `payment` or `customer`.
        id: the event's, the payment's or the customer's.
        object_id: the Stripe object it is about.
        since: since when we have known of it.
        look_up: `none` (no key, or nothing that could be asked), `due`, `answered` or `given_up`.
        problem: what the last attempt to ask came to, where it brought nothing.
    """

    what: str
    id: str
    object_id: str
    account: str
    livemode: bool
    waiting_for: str
    since: datetime
    look_up: str
    next_look_up_at: datetime | None
    attempts: int
    problem: str | None


# Events and payments that wait, each with the look-up its details name, and customers that no answer has come about.
# An event that waits for the same as its payment is not listed beside it.
_LIST = text("""
    WITH waiting AS (
        SELECT 'event' AS what, stripe_id AS id, object_id, organization_id, account, livemode,
               outcome_details AS details, received_at AS since
        FROM stripe_events AS event WHERE organization_id = ANY (:organization_ids) AND outcome = 'waiting'
          AND NOT EXISTS (SELECT FROM payments WHERE organization_id = event.organization_id AND outcome = 'waiting'
                          AND outcome_details = event.outcome_details AND account = event.account
                          AND livemode = event.livemode)
        UNION ALL
        SELECT 'payment', CAST(id AS text), coalesce(nullif(invoice, ''), nullif(payment_intent, ''), charge),
               organization_id, account, livemode, outcome_details, created_at
        FROM payments WHERE organization_id = ANY (:organization_ids) AND outcome = 'waiting'
        UNION ALL
        SELECT 'customer', object_id, object_id, organization_id, account, livemode,
               jsonb_build_object('waiting_for', CAST(:metadata AS text), 'look_up', kind, 'object_id', object_id),
               wanted_at
        FROM lookups WHERE organization_id = ANY (:organization_ids) AND kind = 'customer' AND asked_for = ''
                       AND (done_at IS NULL OR problem IS NOT NULL)
    )
    SELECT waiting.*, details ->> 'waiting_for' AS waiting_for, lookups.next_attempt_at, lookups.attempts,
           lookups.problem, lookups.done_at, lookups.id AS lookup_id
    FROM waiting LEFT JOIN lookups
      ON lookups.object_id = details ->> 'object_id' AND lookups.kind = details ->> 'look_up'
     AND lookups.asked_for = coalesce(details ->> 'asked_for', '')
     AND lookups.organization_id = waiting.organization_id
     AND lookups.account = waiting.account AND lookups.livemode = waiting.livemode
    ORDER BY since DESC, what, waiting.id LIMIT :limit OFFSET :offset
""")


def list_waiting(session: Session, organization_ids: Sequence[UUID], *, limit: int, page: int = 1) -> list[Waiting]:
    """A page of all that waits, newest first."""
    values = {
        "organization_ids": list(organization_ids),
        "metadata": METADATA,
        "limit": limit,
        "offset": (page - 1) * limit,
    }
    return [_waiting(row) for row in session.execute(_LIST, values)]


def _waiting(row: Any) -> Waiting:
    is_open = row.lookup_id is not None and row.done_at is None
    return Waiting(
        what=row.what,
        id=ids.encode(ids.PAYMENT, UUID(row.id)) if row.what == "payment" else row.id,
        object_id=row.object_id,
        account=row.account,
        livemode=row.livemode,
        waiting_for=row.waiting_for or "what it needs",
        since=row.since,
        look_up=_stage(row),
        next_look_up_at=row.next_attempt_at if is_open else None,
        attempts=row.attempts or 0,
        problem=row.problem,
    )


def _stage(row: Any) -> str:
    if row.lookup_id is None:
        return "none"
    if row.done_at is None:
        return "due"
    return "given_up" if row.problem else "answered"
