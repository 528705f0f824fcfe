"""Changes of a payout's status, each with its entry: the commands of this package and the job of transfers use them.

Expects no locks: runs, payouts and payments are locked here, in this order.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import ids
from app.bulk import among
from app.commissions.settling import payout_postings
from app.commissions.settling.payout_postings import PayoutKind, Step, Taken
from app.commissions.settling.settlement import Cause
from app.ledger.positions import Line
from app.payouts.amounts import PayoutLine as LineAmounts
from app.payouts.files import states as file_states
from app.payouts.models import Payout, PayoutLine, PayoutReturn
from app.payouts.steps import run_states

Ending = Literal["paid", "failed", "canceled"]
AT_ONCE: Final = 500
"""Payouts whose entries are posted by one statement."""

_KINDS: Final[dict[Ending, PayoutKind]] = {
    "paid": "payout_paid",
    "failed": "payout_failed",
    "canceled": "payout_canceled",
}


def lock(session: Session, payout_ids: Collection[UUID]) -> list[Payout]:
    """These payouts with their runs, locked and read again, in the order of their ids."""
    if not payout_ids:
        return []
    run_ids = session.scalars(select(Payout.run_id).where(among(Payout.id, payout_ids)).distinct()).all()
    run_states.lock(session, run_ids)
    chosen = select(Payout).where(among(Payout.id, payout_ids)).order_by(Payout.id)
    locked = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(session.scalars(locked).all())


def lines_of(session: Session, payout_ids: Collection[UUID]) -> dict[UUID, list[LineAmounts]]:
    """The lines of these payouts, oldest commission first."""
    found: dict[UUID, list[LineAmounts]] = {payout_id: [] for payout_id in payout_ids}
    chosen = select(PayoutLine).where(among(PayoutLine.payout_id, payout_ids)).order_by(PayoutLine.commission_id)
    for line in session.scalars(chosen).all():
        found[line.payout_id].append(LineAmounts(line.commission_id, line.gross_minor, line.fee_minor))
    return found


def batches(payouts: Iterable[Payout]) -> Iterator[Sequence[Payout]]:
    """The payouts, so many at a time that `end` posts their entries by one statement."""
    remaining = iter(payouts)
    while batch := list(islice(remaining, AT_ONCE)):
        yield batch


def end(session: Session, payouts: Sequence[Payout], ending: Ending, by: Cause, *, reason: str = "") -> None:
    """Post that these locked payouts, which are under way, have ended so; their runs end with the last.

    Args:
        session: holds the locks of `lock`.
        payouts: each `pending`, `processing` or `sent`.
        ending: `paid`, or `failed` or `canceled`: then the amounts are payable again.
        by: the cause of the entries, and when it happened.
        reason: why it failed or was canceled.
    """
    lines = lines_of(session, [payout.id for payout in payouts])
    taken = payout_postings.take(session, {line.commission_id for every in lines.values() for line in every})
    payout_postings.post(session, [_ended(each, lines[each.id], taken, ending, reason) for each in payouts], by)
    for payout in payouts:
        payout.status = ending
        if ending == "paid":
            payout.paid_at = by.occurred_at
        elif reason:
            payout.failure_reason = reason
    session.flush()
    file_ids = {payout.file_id for payout in payouts if payout.file_id is not None}
    file_states.after_end(session, file_ids, is_canceled=ending == "canceled")
    run_states.conclude(session, {payout.run_id for payout in payouts})


def _ended(payout: Payout, lines: Sequence[LineAmounts], taken: dict[UUID, Taken], ending: Ending, reason: str) -> Step:
    def posted(line: LineAmounts) -> list[Line]:
        if ending == "paid":
            return payout_postings.paying(line.gross_minor, line.fee_minor)
        return payout_postings.releasing(line.gross_minor)

    public_id = ids.encode(ids.PAYOUT, payout.id)
    parts = [(taken[line.commission_id], posted(line)) for line in lines]
    return Step(f"{public_id}:{ending}", _KINDS[ending], parts, {"payout_id": public_id}, reason)


def next_return(session: Session, payout: Payout) -> int:
    """The number of the next return of a locked payout, from 1."""
    last = session.scalar(select(func.max(PayoutReturn.number)).where(PayoutReturn.payout_id == payout.id))
    return (last or 0) + 1
