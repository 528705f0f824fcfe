"""Records what became of a transfer, in one transaction with its entries: paid, failed, or reversed.

The ledger gets the difference between what Stripe states and what is recorded, so a repetition records nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.commissions.settling.settlement import Cause
from app.immutable import immutable
from app.organizations.actors import CLOCK
from app.payouts.connect import transfers
from app.payouts.connect.transfers import ClaimedTransfer
from app.payouts.models import Payout
from app.payouts.steps import changes, commands
from app.payouts.transitions import UNDER_WAY

CAUSE: Final = "job:transfers"
REVERSED: Final = "transfer_reversed"
UNEXPECTED: Final = {"problem": "transfer_unexpected"}


@immutable
class MadeTransfer:
    """A transfer that exists at Stripe; `reversed_minor` of it came back so far."""

    transfer_id: str
    reversed_minor: int = 0


def record_made(session: Session, claimed: ClaimedTransfer, made: MadeTransfer) -> Payout:
    """Record that the payout is paid, and what of it was reversed, as far as it is not recorded yet.

    A payout that a person has ended otherwise stays as it is, with a problem that says so.

    Raises:
        LeaseLost: another process has claimed the transfer; the transaction must not commit.
    """
    [payout] = changes.lock(session, [claimed.payout_id])
    cause = Cause(CAUSE, datetime.now(UTC))
    is_ended = payout.status in ("failed", "canceled")
    reversed_minor = transfers.finish(
        session,
        claimed,
        transfer_id=made.transfer_id,
        reversed_minor=made.reversed_minor,
        problem=UNEXPECTED if is_ended else None,
    )
    if is_ended:
        return payout
    if payout.status in UNDER_WAY:
        _record_paid(session, payout, cause, made.transfer_id)
    came_back_minor = reversed_minor - payout.returned_net_minor
    if came_back_minor > 0:
        commands.give_back(session, CLOCK, payout, cause, amount_minor=came_back_minor, reason=REVERSED)
    return payout


def record_refused(session: Session, claimed: ClaimedTransfer, problem: Mapping[str, Any]) -> Payout:
    """Record that Stripe made no transfer and will not: the payout has failed, and its amounts are payable again.

    Raises:
        LeaseLost: another process has claimed the transfer; the transaction must not commit.
    """
    [payout] = changes.lock(session, [claimed.payout_id])
    transfers.finish(session, claimed, problem=problem)
    if payout.status != "processing":
        return payout
    cause = Cause(CAUSE, datetime.now(UTC))
    payout.failure_details = dict(problem)
    changes.end(session, [payout], "failed", cause, reason=str(problem["problem"]))
    return commands.noted(session, CLOCK, "payout.failed", payout, cause)


def _record_paid(session: Session, payout: Payout, cause: Cause, transfer_id: str) -> None:
    payout.provider_id, payout.sent_at = transfer_id, cause.occurred_at
    changes.end(session, [payout], "paid", cause)
    commands.noted(session, CLOCK, "payout.paid", payout, cause)
