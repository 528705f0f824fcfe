"""What the clock does when holdbacks and holds end: it approves commissions and settles payments again, in batches."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.commissions.decisions import batches, decisions
from app.commissions.decisions.decisions import CLOCK, Decision
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.ledger.recorded_time.fences import Begin

BACKLOG: Final = timedelta(minutes=10)
"""The clock approves nothing in a mode with events that have been due for longer: a refund may be among them."""
BATCH: Final = 200
"""Commissions, or payments with an expired hold, of one transaction."""


@immutable
class Place:
    """A row of what is walked: when its holdback or hold ended, and its id."""

    ended_at: datetime
    row_id: UUID


START: Final = Place(datetime.min.replace(tzinfo=UTC), UUID(int=0))


@immutable
class Walk:
    """How far the clock has walked through what ended by `now`: first holdbacks, then holds, the oldest first.

    Each batch continues after the last one, so a row that cannot be settled yet is read once in a walk.

    Attributes:
        overdue: the organizations and modes that had overdue events when the walk began. None can be added, since
            events become due later than `now`.
        settled: payments settled so far.
    """

    now: datetime
    overdue: Sequence[tuple[UUID, bool]]
    stage: Literal["holdbacks", "holds", "over"] = "holdbacks"
    place: Place = START
    settled: int = 0

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the statements below."""
        return {
            "now": self.now,
            "ended_at": self.place.ended_at,
            "row_id": self.place.row_id,
            "organization_ids": [organization_id for organization_id, _ in self.overdue],
            "livemodes": [livemode for _, livemode in self.overdue],
        }


_OVERDUE = text("SELECT DISTINCT organization_id, livemode FROM due_events WHERE next_attempt_at <= :before")

# The organizations and modes in which everything is processed: a refund may be among the unprocessed events. Compared
# in the table that is walked, so that nothing is joined to what must wait.
_COMPLETE = """
    ({walked}.organization_id, {walked}.livemode) NOT IN (
        SELECT * FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:livemodes AS boolean[]))
    )
    AND NOT EXISTS (
        SELECT FROM stripe_runs AS run
        WHERE run.organization_id = {walked}.organization_id AND run.livemode = {walked}.livemode
          AND run.kind = 'backfill' AND run.finished_at IS NULL AND NOT run.dry_run
    )
"""
_ACCRUED = "commission.status = 'accrued' AND commission.approved_at IS NULL AND commission.mature_at <= :now"
_NOT_HELD = "payment.merged_into_id IS NULL AND (payment.held_until IS NULL OR payment.held_until <= :now)"
_COLUMNS = "payment.id AS payment_id, payment.organization_id, payment.account, payment.livemode"

# OFFSET 0 keeps the order of reading as written, whatever the statistics say: one row of each table for each row found.
_NEXT_HOLDBACKS = text(f"""
    SELECT commission.mature_at AS ended_at, commission.id AS row_id, {_COLUMNS}
    FROM commissions AS commission
    CROSS JOIN LATERAL (SELECT payment_id FROM conversions WHERE id = commission.conversion_id OFFSET 0) AS conversion
    CROSS JOIN LATERAL (SELECT * FROM payments WHERE id = conversion.payment_id OFFSET 0) AS payment
    WHERE {_ACCRUED} AND {_NOT_HELD} AND {_COMPLETE.format(walked="commission")}
      AND commission.mature_at >= :ended_at AND (commission.mature_at, commission.id) > (:ended_at, :row_id)
    ORDER BY commission.mature_at, commission.id LIMIT :limit
""")

_STILL_MATURE = text(f"""
    SELECT payment.id AS payment_id, min(commission.mature_at) AS mature_at
    FROM payments AS payment
    CROSS JOIN LATERAL (SELECT id FROM conversions WHERE payment_id = payment.id OFFSET 0) AS conversion
    CROSS JOIN LATERAL (SELECT * FROM commissions WHERE conversion_id = conversion.id OFFSET 0) AS commission
    WHERE payment.id = ANY (:payment_ids) AND {_ACCRUED} AND {_NOT_HELD} AND {_COMPLETE.format(walked="payment")}
    GROUP BY payment.id
""")

_NEXT_HOLDS = text(f"""
    SELECT payment.held_until AS ended_at, payment.id AS row_id, {_COLUMNS}
    FROM payments AS payment
    WHERE payment.outcome = 'held' AND {_NOT_HELD} AND {_COMPLETE.format(walked="payment")}
      AND payment.held_until >= :ended_at AND (payment.held_until, payment.id) > (:ended_at, :row_id)
      AND payment.held_until <= :now
    ORDER BY payment.held_until, payment.id LIMIT :limit
""")


def approve(transaction: Begin, *, now: datetime, limit: int = BATCH) -> int:
    """Approve everything whose holdback has ended at `now`, and end expired holds, `limit` at a time.

    Returns:
        How many payments were settled.
    """
    with transaction() as session:
        walk = begin(session, now=now)
    while walk.stage != "over":
        with transaction() as session:
            walk = settle_next(session, walk, limit=limit)
    return walk.settled


def begin(session: Session, *, now: datetime) -> Walk:
    """A walk through everything whose holdback or hold has ended at `now`."""
    rows = session.execute(_OVERDUE, {"before": now - BACKLOG})
    return Walk(now, [(row.organization_id, row.livemode) for row in rows])


def settle_next(session: Session, walk: Walk, *, limit: int = BATCH) -> Walk:
    """Approve the next commissions as of the end of their holdback, or end the next expired holds.

    Payments on hold are left out, and organizations with overdue events or an unfinished backfill of the same mode.

    Effects: takes the locks a drain takes, decides, settles. One transaction.

    Returns:
        The rest of the walk, until its stage is `over`.
    """
    statement = _NEXT_HOLDBACKS if walk.stage == "holdbacks" else _NEXT_HOLDS
    rows = session.execute(statement, {**walk.parameters, "limit": limit}).all()
    for scope, payment_ids in batches.by_scope(rows).items():
        locked = batches.lock(session, scope, payment_ids)
        if walk.stage == "holdbacks":
            still = session.execute(_STILL_MATURE, {**walk.parameters, "payment_ids": payment_ids}).all()
            decided = [Decision(row.payment_id, "approved", CLOCK, row.mature_at, walk.now) for row in still]
            decisions.insert(session, scope, decided)
        settle_objects(session, scope, locked, Cause("job:approve", walk.now))
    walk = replace(walk, settled=walk.settled + len({row.payment_id for row in rows}))
    if len(rows) == limit:
        return replace(walk, place=Place(rows[-1].ended_at, rows[-1].row_id))
    return replace(walk, stage="holds" if walk.stage == "holdbacks" else "over", place=START)
