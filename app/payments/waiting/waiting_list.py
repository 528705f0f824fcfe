"""Lists what waits, for what, since when, and the state of its look-up at Stripe."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.immutable import immutable
from app.paging import Page, no_row, refuse_both
from app.payments.waiting.reasons import CUSTOMER_METADATA
from app.sentences.problems import Problem
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest


@immutable
class Waiting:
    """One event, payment or customer that waits.

    Attributes:
        what: `event`, `payment` or `customer`.
        id: the event's, the payment's or the customer's.
        object_id: the Stripe object it is about.
        since: since when it has waited.
        look_up: `none` (no key, or nothing to ask), `due`, `answered` or `given_up`.
        waiting_for: one of `reasons.REASONS`.
        problem: why the last look-up failed, a code of `app.sentences.problems`.
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
    problem: Problem | None


# Events and payments that wait, each with the look-up of its details, and customers whose look-up has no answer. An
# event that waits for the same as its payment is left out.
_LIST = text("""
    WITH waiting AS (
        SELECT 'event' AS what, stripe_id AS id, object_id, organization_id, account, livemode,
               outcome_details AS details, received_at AS since
        FROM stripe_events AS event WHERE organization_id = ANY (:organization_ids) AND livemode = :livemode
          AND outcome = 'waiting'
          AND NOT EXISTS (SELECT FROM payments WHERE organization_id = event.organization_id AND outcome = 'waiting'
                          AND outcome_details = event.outcome_details AND account = event.account
                          AND livemode = event.livemode)
        UNION ALL
        SELECT 'payment', CAST(id AS text), coalesce(nullif(invoice, ''), nullif(payment_intent, ''), charge),
               organization_id, account, livemode, outcome_details, created_at
        FROM payments
        WHERE organization_id = ANY (:organization_ids) AND livemode = :livemode AND outcome = 'waiting'
        UNION ALL
        SELECT 'customer', object_id, object_id, organization_id, account, livemode,
               jsonb_build_object('waiting_for', CAST(:metadata AS text), 'look_up', kind, 'object_id', object_id),
               queued_at
        FROM lookups WHERE organization_id = ANY (:organization_ids) AND livemode = :livemode
                       AND kind = 'customer' AND asked_for = '' AND (done_at IS NULL OR problem IS NOT NULL)
    )
    SELECT waiting.*, details ->> 'waiting_for' AS waiting_for, look_up.next_attempt_at, look_up.attempts,
           look_up.problem, look_up.done_at, look_up.id AS lookup_id
    FROM waiting LEFT JOIN LATERAL (
        SELECT id, next_attempt_at, attempts, problem, done_at FROM lookups
        WHERE object_id = details ->> 'object_id' AND kind = details ->> 'look_up'
          AND asked_for = coalesce(details ->> 'asked_for', '') AND organization_id = waiting.organization_id
          AND account = waiting.account AND livemode = waiting.livemode
        OFFSET 0
    ) AS look_up ON true
    WHERE CAST(:after AS timestamptz) IS NULL OR (since, waiting.id) < (:after, :after_id)
    ORDER BY since DESC, waiting.id DESC LIMIT :limit OFFSET :offset
""")

# The position in the list of a row that waits, or has waited.
_PLACE = text("""
    SELECT received_at AS since, stripe_id AS id FROM stripe_events
    WHERE stripe_id = :id AND organization_id = ANY (:organization_ids) AND livemode = :livemode AND NOT is_wrong_mode
    UNION ALL
    SELECT created_at, CAST(id AS text) FROM payments
    WHERE id = CAST(:payment_id AS uuid) AND organization_id = ANY (:organization_ids) AND livemode = :livemode
    UNION ALL
    SELECT queued_at, object_id FROM lookups
    WHERE object_id = :id AND organization_id = ANY (:organization_ids) AND livemode = :livemode
      AND kind = 'customer' AND asked_for = ''
    ORDER BY since LIMIT 1
""")


def list_waiting(
    session: Session,
    organization_ids: Sequence[UUID],
    *,
    livemode: bool,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
) -> Page[Waiting]:
    """A page of what waits in live or in test mode, newest first.

    Raises:
        InvalidRequest: `starting_after` is not the id of anything that waits or waited, or is sent with a page number.
    """
    refuse_both(page, starting_after)
    of_mode = {"organization_ids": list(organization_ids), "livemode": livemode}
    after, after_id = _place(session, of_mode, starting_after) if starting_after is not None else (None, None)
    values = {
        **of_mode,
        "metadata": CUSTOMER_METADATA,
        "after": after,
        "after_id": after_id,
        "limit": limit + 1,
        "offset": (page - 1) * limit,
    }
    return Page.of([_waiting(row) for row in session.execute(_LIST, values)], limit)


_IS_AWAITED = text("""
    SELECT EXISTS (SELECT FROM payments WHERE organization_id = :organization_id AND livemode = :livemode
                   AND outcome = 'waiting' AND outcome_details ->> 'object_id' = :object_id)
        OR EXISTS (SELECT FROM stripe_events WHERE organization_id = :organization_id AND livemode = :livemode
                   AND outcome = 'waiting' AND outcome_details ->> 'object_id' = :object_id)
""")


def is_awaited(session: Session, organization_id: UUID, request: LookupRequest, *, livemode: bool) -> bool:
    """Whether a payment or event of this mode still waits for what a look-up asks for. True for any customer."""
    if request.kind in ("customer", *lookups.HISTORIES):
        return True
    values = {"organization_id": organization_id, "livemode": livemode, "object_id": request.object_id}
    return bool(session.scalar(_IS_AWAITED, values))


def _place(session: Session, of_mode: Mapping[str, Any], row_id: str) -> tuple[datetime, str]:
    row = session.execute(_PLACE, {**of_mode, "id": row_id, "payment_id": ids.decode(row_id, ids.PAYMENT)}).first()
    if row is None:
        raise no_row(row_id)
    return row.since, row.id


def _waiting(row: Any) -> Waiting:
    is_open = row.lookup_id is not None and row.done_at is None
    return Waiting(
        what=row.what,
        id=ids.encode(ids.PAYMENT, UUID(row.id)) if row.what == "payment" else row.id,
        object_id=row.object_id,
        account=row.account,
        livemode=row.livemode,
        waiting_for=row.waiting_for,
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
