"""What a person may do with a payout now."""

from typing import Final, Literal, cast

from app.payouts import transitions
from app.payouts.models import Payout
from app.payouts.transitions import PayoutStatus

Move = Literal["confirm", "fail", "return", "cancel"]
BECOMES: Final[dict[Move, PayoutStatus]] = {
    "confirm": "paid",
    "fail": "failed",
    "return": "returned",
    "cancel": "canceled",
}


def moves_of(payout: Payout) -> list[Move]:
    """The moves that the payout's status allows. A transfer may be canceled until Stripe is called for it."""
    after = transitions.MAY_BECOME[cast("PayoutStatus", payout.status)]
    moves = [move for move, status in BECOMES.items() if status in after]
    if payout.is_transferring:
        return [move for move in moves if move == "cancel"]
    if payout.returned_net_minor == payout.net_minor:
        moves.remove("return")
    if payout.status == "sent" and not payout.is_by_file:
        moves.remove("cancel")
    return moves
