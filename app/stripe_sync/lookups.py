"""Look-ups: queued requests to Stripe for missing data. The drain queues them, another process does them.

A look-up ends when its answer is in the inbox, or when there can be no answer; then `problem` says why, and it is
repeated only if it is queued again or a person requests it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import backoff, bulk
from app.immutable import immutable
from app.sentences.problems import Problem
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys

INVOICE_LINK: Final = "invoice_link"
INVOICE_LINES: Final = "invoice_lines"
OBJECTS: Final = (
    *("charge", "checkout.session", "credit_note", "customer", "dispute", "invoice", "invoice_payment"),
    *("payment_intent", "promotion_code", "radar.early_fraud_warning", "refund", "subscription"),
)
"""The kinds of look-ups whose answer is the object itself."""
HISTORY: Final = "customer_history"
"""Everything a customer ever paid."""
HISTORY_BY_ADDRESS: Final = "address_history"
"""As `HISTORY`, for each customer with an address; the object is the history (`hst_…`) that has the address."""
HISTORIES: Final = (HISTORY, HISTORY_BY_ADDRESS)
KINDS: Final = (*OBJECTS, INVOICE_LINK, INVOICE_LINES, *HISTORIES)
ANSWERS: Final = ("no_invoice", "stripe_missing")
"""Problems that are Stripe's answer: to ask again changes nothing."""
PATIENCE_SECONDS: Final = {INVOICE_LINK: 60, "charge": 60, "customer": 30, "invoice": 60, "payment_intent": 60}
"""Delay before a look-up, since an event usually delivers the data. Without it half of all payments would need one."""
LEASE_SECONDS: Final = 120
"""How long a process may take for a look-up; after that another process may claim it."""
FIRST_WAIT_SECONDS: Final = 10
LONGEST_WAIT_SECONDS: Final = 3600


class LookupRequest(NamedTuple):
    """Data to look up. `asked_for`: the thin event that needs the present state, "" if any state is enough."""

    kind: str
    object_id: str
    asked_for: str = ""


@immutable
class ClaimedLookup:
    """A look-up that this process has claimed; `attempts` includes this one.

    `is_backfill`: only a backfill asked for it.
    """

    id: int
    scope: Scope
    request: LookupRequest
    attempts: int
    is_backfill: bool


# An answered look-up is repeated only for a thin event that is processed again.
_INSERT_REQUESTS = text("""
    INSERT INTO lookups (organization_id, account, livemode, kind, object_id, asked_for, is_backfill, next_attempt_at)
    SELECT :organization_id, :account, :livemode, kind, object_id, asked_for, :is_backfill,
           now() + make_interval(secs => patience)
    FROM json_to_recordset(CAST(:rows AS json))
         AS given(kind text, object_id text, asked_for text, patience integer)
    ON CONFLICT ON CONSTRAINT uq_lookups_identity DO UPDATE
    SET done_at = NULL, problem = NULL, attempts = 0, next_attempt_at = excluded.next_attempt_at, queued_at = now(),
        is_backfill = excluded.is_backfill
    WHERE lookups.done_at IS NOT NULL AND (lookups.problem IS NOT NULL OR lookups.asked_for <> '')
""")


_NEEDED_BY_OTHERS = text("""
    UPDATE lookups SET is_backfill = false
    FROM json_to_recordset(CAST(:rows AS json)) AS given(kind text, object_id text, asked_for text)
    WHERE lookups.object_id = given.object_id AND lookups.kind = given.kind AND lookups.asked_for = given.asked_for
      AND organization_id = :organization_id AND account = :account AND livemode = :livemode AND is_backfill
""")


def insert_requests(
    session: Session, scope: Scope, requests: Iterable[LookupRequest], *, is_backfill: bool = False
) -> None:
    """Queue look-ups. Does nothing for those that were answered already, or if there is no API key.

    `is_backfill`: only a backfill needs them; one that a delivered event needs too is none of a backfill any more.
    """
    distinct = [lookup for lookup in set(requests) if lookup.object_id]
    if distinct and api_keys.is_configured(session, scope.organization_id, livemode=scope.livemode):
        queue(session, scope, distinct, is_backfill=is_backfill)


def queue(session: Session, scope: Scope, requests: Collection[LookupRequest], *, is_backfill: bool) -> None:
    """Queue look-ups without looking whether there is an API key; those that were answered stay so."""
    rows = [{**lookup._asdict(), "patience": PATIENCE_SECONDS.get(lookup.kind, 0)} for lookup in sorted(requests)]
    values = {**scope.parameters(), "rows": bulk.encode(rows)}
    session.execute(_INSERT_REQUESTS, {**values, "is_backfill": is_backfill})
    if not is_backfill:
        session.execute(_NEEDED_BY_OTHERS, values)


_IS_DUE = text("SELECT EXISTS (SELECT FROM lookups WHERE done_at IS NULL AND next_attempt_at <= now())")


def is_due(session: Session) -> bool:
    """Whether any look-up is due."""
    return bool(session.scalar(_IS_DUE))


_CLAIM = text("""
    UPDATE lookups SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => :lease)
    WHERE id = (SELECT id FROM lookups WHERE done_at IS NULL AND next_attempt_at <= now()
                ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization_id, account, livemode, kind, object_id, asked_for, attempts, is_backfill
""")


def claim(session: Session) -> ClaimedLookup | None:
    """Claim the look-up that has been due longest, for `LEASE_SECONDS`; None if none is due."""
    row = session.execute(_CLAIM, {"lease": LEASE_SECONDS}).one_or_none()
    if row is None:
        return None
    scope = Scope.of(row)
    request = LookupRequest(row.kind, row.object_id, row.asked_for)
    return ClaimedLookup(row.id, scope, request, row.attempts, row.is_backfill)


_FINISH = text(
    "UPDATE lookups SET done_at = now(), problem = CAST(:problem AS jsonb) WHERE id = :id AND attempts = :attempts"
)

_POSTPONE = text("""
    UPDATE lookups SET problem = CAST(:problem AS jsonb), next_attempt_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND attempts = :attempts AND done_at IS NULL
""")

_POSTPONE_ALL = text("""
    UPDATE lookups SET next_attempt_at = greatest(next_attempt_at, now() + make_interval(secs => :seconds))
    WHERE organization_id = :organization_id AND livemode = :livemode AND done_at IS NULL
""")


def finish(session: Session, lookup: ClaimedLookup, problem: Problem | None = None) -> None:
    """End a look-up: answered, or with the `problem` why not. Does nothing if it was queued again meanwhile."""
    session.execute(
        _FINISH, {"id": lookup.id, "attempts": lookup.attempts, "problem": problem and bulk.encode_one(problem)}
    )


def postpone(session: Session, lookup: ClaimedLookup, problem: Problem, *, retry_after_seconds: float | None) -> None:
    """Retry a look-up later: after Stripe's Retry-After or our back-off, whichever is longer."""
    own_seconds = backoff.seconds(lookup.attempts, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
    seconds = max(own_seconds, retry_after_seconds or 0.0)
    session.execute(
        _POSTPONE,
        {"id": lookup.id, "attempts": lookup.attempts, "problem": bulk.encode_one(problem), "seconds": seconds},
    )


def postpone_all(session: Session, scope: Scope, seconds: float) -> None:
    """Postpone all look-ups of this organization and mode by `seconds`, because Stripe limits the rate."""
    values = {"organization_id": scope.organization_id, "livemode": scope.livemode, "seconds": seconds}
    session.execute(_POSTPONE_ALL, values)


_ASK_AGAIN = text("""
    UPDATE lookups SET done_at = NULL, attempts = 0, next_attempt_at = now()
    WHERE organization_id = ANY (:organization_ids) AND livemode = :livemode AND problem IS NOT NULL
""")


def ask_again(session: Session, organization_ids: Sequence[UUID], *, livemode: bool) -> int:
    """Make due at once what was given up or postponed in live or in test mode; returns how many look-ups that are."""
    result: Any = session.execute(_ASK_AGAIN, {"organization_ids": list(organization_ids), "livemode": livemode})
    return int(result.rowcount)


@immutable
class GivenUp:
    """How many look-ups of an organization and mode were given up for a reason that a person can remove."""

    organization_id: UUID
    livemode: bool
    problem: Problem
    count: int


_GIVEN_UP = text("""
    SELECT organization_id, livemode, problem, count(*) AS look_ups FROM lookups
    WHERE done_at IS NOT NULL AND problem IS NOT NULL AND problem ->> 'problem' <> ALL (:answers)
    GROUP BY organization_id, livemode, problem ORDER BY organization_id, livemode, look_ups DESC
""")


def given_up(session: Session) -> list[GivenUp]:
    """The look-ups that Stripe did not answer and that are not repeated by themselves, by reason."""
    rows = session.execute(_GIVEN_UP, {"answers": [*ANSWERS]})
    return [GivenUp(row.organization_id, row.livemode, row.problem, row.look_ups) for row in rows]
