"""What Stripe shall be asked for, each thing once: written down by the drain, asked by another process in its own time.

A look-up ends when its answer is in the inbox, or when no answer can come; then its `problem` says why, and it is
asked again only when something wants it anew or a person says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import bulk
from app.sentences.problems import Problem
from app.stripe_events.scope import Scope
from app.stripe_sync import api_keys

INVOICE_LINK: Final = "invoice_link"
INVOICE_LINES: Final = "invoice_lines"
OBJECTS: Final = (
    *("charge", "checkout.session", "credit_note", "customer", "dispute", "invoice", "invoice_payment"),
    *("payment_intent", "promotion_code", "radar.early_fraud_warning", "refund", "subscription"),
)
"""The kinds that are answered by the object itself."""
KINDS: Final = (*OBJECTS, INVOICE_LINK, INVOICE_LINES)
PATIENCE_SECONDS: Final = {INVOICE_LINK: 60, "charge": 60, "customer": 30, "invoice": 60, "payment_intent": 60}
"""How long the event that usually brings it is given first. Asking at once would ask for half of all payments."""
LEASE_SECONDS: Final = 120
"""How long a process has for asking, before another one may believe it dead and ask too."""
LONGEST_WAIT_SECONDS: Final = 3600


class Wanted(NamedTuple):
    """What to ask for. `asked_for` is the thin event it is asked for anew, "" where once is enough for ever."""

    kind: str
    object_id: str
    asked_for: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedLookup:
    """A look-up this process has taken; `attempts` counts this one."""

    id: int
    scope: Scope
    wanted: Wanted
    attempts: int


# A thin event that is worked again is asked for again; anything else that was answered is not.
_WANT = text("""
    INSERT INTO lookups (organization_id, account, livemode, kind, object_id, asked_for, next_attempt_at)
    SELECT :organization_id, :account, :livemode, kind, object_id, asked_for, now() + make_interval(secs => patience)
    FROM json_to_recordset(CAST(:rows AS json))
         AS given(kind text, object_id text, asked_for text, patience integer)
    ON CONFLICT ON CONSTRAINT uq_lookups_identity DO UPDATE
    SET done_at = NULL, problem = NULL, attempts = 0, next_attempt_at = excluded.next_attempt_at, wanted_at = now()
    WHERE lookups.done_at IS NOT NULL AND (lookups.problem IS NOT NULL OR lookups.asked_for <> '')
""")


def insert_wanted(session: Session, scope: Scope, wanted: Iterable[Wanted]) -> None:
    """Write down what to ask for. Nothing happens where it was asked, or where there is no key to ask with."""
    known = sorted(one for one in set(wanted) if one.object_id)
    if not known or not api_keys.is_configured(session, scope.organization_id, livemode=scope.livemode):
        return
    rows = [{**one._asdict(), "patience": PATIENCE_SECONDS.get(one.kind, 0)} for one in known]
    session.execute(_WANT, {**scope.parameters(), "rows": bulk.encode(rows)})


_IS_DUE = text("SELECT EXISTS (SELECT FROM lookups WHERE done_at IS NULL AND next_attempt_at <= now())")


def is_due(session: Session) -> bool:
    """Whether there is anything to ask for now."""
    return bool(session.scalar(_IS_DUE))


_CLAIM = text("""
    UPDATE lookups SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => :lease)
    WHERE id = (SELECT id FROM lookups WHERE done_at IS NULL AND next_attempt_at <= now()
                ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization_id, account, livemode, kind, object_id, asked_for, attempts
""")


def claim(session: Session) -> ClaimedLookup | None:
    """Take the look-up that has been due longest, for as long as a lease lasts: if we die, another one asks."""
    row = session.execute(_CLAIM, {"lease": LEASE_SECONDS}).one_or_none()
    if row is None:
        return None
    scope = Scope(row.organization_id, row.account, row.livemode)
    return ClaimedLookup(row.id, scope, Wanted(row.kind, row.object_id, row.asked_for), row.attempts)


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
    """Ask no more: it was answered, or `problem` says why it cannot be. Nothing if it is wanted anew meanwhile."""
    session.execute(
        _FINISH, {"id": lookup.id, "attempts": lookup.attempts, "problem": problem and bulk.encode_one(problem)}
    )


def postpone(session: Session, lookup: ClaimedLookup, problem: Problem, *, told_seconds: float | None) -> None:
    """Ask again after a while: as long as Stripe said, if that is longer than ours."""
    seconds = max(wait_seconds(lookup.attempts), told_seconds or 0.0)
    session.execute(
        _POSTPONE,
        {"id": lookup.id, "attempts": lookup.attempts, "problem": bulk.encode_one(problem), "seconds": seconds},
    )


def leave_alone(session: Session, scope: Scope, seconds: float) -> None:
    """Ask nothing of this organization's Stripe account in this mode for so long: it has too much already."""
    values = {"organization_id": scope.organization_id, "livemode": scope.livemode, "seconds": seconds}
    session.execute(_POSTPONE_ALL, values)


def wait_seconds(attempts: int) -> float:
    """How long after its nth failure a look-up is tried again: 10 s doubling to an hour."""
    return float(min(10 * 2 ** max(0, min(attempts, 20) - 1), LONGEST_WAIT_SECONDS))


_ASK_AGAIN = text("""
    UPDATE lookups SET done_at = NULL, attempts = 0, next_attempt_at = now()
    WHERE organization_id = ANY (:organization_ids) AND problem IS NOT NULL
""")


def ask_again(session: Session, organization_ids: Sequence[UUID]) -> int:
    """Make due at once what was given up or postponed; gives how many look-ups. After a key was put right."""
    result: Any = session.execute(_ASK_AGAIN, {"organization_ids": list(organization_ids)})
    return int(result.rowcount)
