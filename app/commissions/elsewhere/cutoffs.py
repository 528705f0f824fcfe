"""The command that sets the cut-off of a program, and the job that posts what it changes."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.elsewhere.models import HAS_ENDED, STAMP, CutoffMove
from app.commissions.settling.settle import settle_objects
from app.commissions.settling.settlement import Cause
from app.errors import Conflict
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor
from app.payments import objects, payment_rows
from app.programs import cutoffs
from app.programs.models import Program
from app.stripe_events.scope import Scope
from app.views import instant_text

BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
"""Where a first cut-off is moved from."""
PAGE: Final = 200
"""Payments that are settled in one transaction."""

_BETWEEN = text("""
    WITH concerned AS (
        SELECT conversion_id, currency,
               accrued_minor + payable_minor + clearing_minor + paid_minor + fee_minor AS net_minor
        FROM commissions
        WHERE program_id = :program_id AND livemode = :livemode AND accrued_at >= :begins_at AND accrued_at < :ends_at
        UNION ALL
        SELECT conversion.id, payment.currency, 0
        FROM payments AS payment CROSS JOIN LATERAL (
            SELECT id FROM conversions WHERE payment_id = payment.id AND program_id = :program_id OFFSET 0
        ) AS conversion
        WHERE payment.organization_id = :organization_id AND payment.livemode = :livemode
          AND payment.outcome = 'before_cutoff' AND payment.merged_into_id IS NULL
          AND payment.occurred_at >= :begins_at AND payment.occurred_at < :ends_at
    )
    SELECT currency, count(DISTINCT conversion_id), sum(net_minor)::bigint
    FROM concerned GROUP BY currency ORDER BY currency
""")
_PAID = text("""
    SELECT count(*) FROM commissions
    WHERE program_id = :program_id AND livemode = :livemode
      AND accrued_at >= :begins_at AND accrued_at < :ends_at AND (clearing_minor <> 0 OR paid_minor <> 0)
""")


def set_cutoff(
    session: Session, actor: Actor, program: Program, *, livemode: bool, cutoff_at: datetime | None, cause: Cause
) -> None:
    """Set from when on payments earn in a program; the clock posts the differences of payments that came before.

    Payments made before it have the outcome `before_cutoff`: they earn nothing, but count for cycles and months.

    Args:
        session: locks and writes the program, and writes the audit entry.
        actor: who sets it.
        program: which program.
        livemode: for live or for test payments.
        cutoff_at: the time; None: every payment earns.
        cause: the cause of the entries that follow from it.

    Raises:
        Conflict: `already_paid`: commissions of payments before it are paid or in a payout, so they were earned here.
    """
    former = cutoffs.replace(session, program, cutoff_at, livemode=livemode)
    if former == cutoff_at:
        return
    begins_at, ends_at = _interval(former, cutoff_at)
    moved = {"program_id": program.id, "livemode": livemode, "begins_at": begins_at, "ends_at": ends_at}
    if cutoff_at == ends_at:
        _refuse_paid(session, cutoff_at, moved)
    owner = program.organization_id
    session.execute(insert(CutoffMove).values(id=ids.new(), organization_id=owner, cause=cause.by, **moved))
    details = {
        "cutoff_at": instant_text(cutoff_at) if cutoff_at else None,
        "former_cutoff_at": instant_text(former) if former else None,
    }
    public_id = ids.encode(ids.PROGRAM, program.id)
    audit.add_entry(session, actor, "program.cutoff_set", public_id, details, organization_id=owner, livemode=livemode)


@immutable
class Between:
    """The payments between two cut-offs in one currency: how many, and what their commissions are worth now."""

    currency: str
    payments: int
    net_minor: int


def try_out(
    session: Session, actor: Actor, program: Program, *, livemode: bool, cutoff_at: datetime | None, cause: Cause
) -> list[Between]:
    """The payments that another cut-off concerns, by currency: those between the present one and that one.

    Arguments and errors as `set_cutoff`, which is rolled back.
    """
    with db.rolled_back(session):
        set_cutoff(session, actor, program, livemode=livemode, cutoff_at=cutoff_at, cause=cause)
    begins_at, ends_at = _interval(cutoffs.of(program, livemode=livemode), cutoff_at)
    if begins_at == ends_at:
        return []
    values = {"program_id": program.id, "livemode": livemode, "begins_at": begins_at, "ends_at": ends_at}
    values |= {"organization_id": program.organization_id}
    return [Between(*row) for row in session.execute(_BETWEEN, values)]


def _interval(former: datetime | None, cutoff_at: datetime | None) -> tuple[datetime, datetime]:
    earlier, later = sorted((former or BEFORE_ALL, cutoff_at or BEFORE_ALL))
    return earlier, later


def _refuse_paid(session: Session, cutoff_at: datetime, values: dict[str, object]) -> None:
    count = session.scalar(_PAID, values)
    if count:
        what = "1 commission was" if count == 1 else f"{count} commissions were"
        message = (
            f"{what} paid here, or put into a payout, for payments before {instant_text(cutoff_at)}, so the cut-off "
            "cannot be moved past them; give an earlier time, or let the payouts fail or return first"
        )
        raise Conflict(message, code="already_paid", param="cutoff_at")


# All transactions that may have read the former cut-off have ended, so every payment they settled can be seen. The row
# of a transaction that has not begun here is of a copy from another cluster.
_NEXT = select(CutoffMove).where(text(HAS_ENDED)).order_by(CutoffMove.id).limit(1).with_for_update(skip_locked=True)
_PAYMENTS = text("""
    SELECT payment.id, payment.organization_id, payment.account, payment.livemode
    FROM conversions AS conversion JOIN payments AS payment ON payment.id = conversion.payment_id
    WHERE conversion.payment_id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000')
      AND conversion.program_id = :program_id AND conversion.livemode = :livemode
      AND payment.occurred_at >= :begins_at AND payment.occurred_at < :ends_at AND payment.merged_into_id IS NULL
    ORDER BY conversion.payment_id LIMIT :limit
""")


_STAMP = text(f"UPDATE cutoff_moves SET {STAMP}")


def stamp_moved(session: Session) -> None:
    """Give new moves the id of this transaction, which must change nothing else; they are settled after it."""
    session.execute(_STAMP)


def settle_moved(session: Session, *, now: datetime, limit: int = PAGE) -> bool:
    """Settle again the next payments between two cut-offs of a program; returns whether there may be more.

    Effects: as `settle_objects`; a move is deleted when its last payment is settled.
    """
    move = session.scalars(_NEXT).one_or_none()
    if move is None:
        return False
    values = {
        "after": move.after_payment_id,
        "program_id": move.program_id,
        "livemode": move.livemode,
        "begins_at": move.begins_at,
        "ends_at": move.ends_at,
        "limit": limit,
    }
    rows = session.execute(_PAYMENTS, values).all()
    scope_of = {row.id: Scope.of(row) for row in rows}
    named: dict[Scope, set[str]] = {}
    for payment in payment_rows.load(session, scope_of):
        named.setdefault(scope_of[payment.id], set()).update(payment.object_ids)
    for scope in sorted(named):
        settle_objects(session, scope, objects.lock(session, scope, named[scope]), Cause(move.cause, now))
    if len(rows) < limit:
        session.delete(move)
    else:
        move.after_payment_id = rows[-1].id
    session.flush()
    return True
