"""The statuses of a payout, and which may follow which. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from app.errors import Conflict, InvalidRequest

PayoutStatus = Literal["pending", "processing", "sent", "paid", "failed", "canceled", "returned"]
STATUSES: Final[tuple[PayoutStatus, ...]] = get_args(PayoutStatus)

UNDER_WAY: Final = frozenset[PayoutStatus]({"pending", "processing", "sent"})
"""The money stands in clearing."""

MAY_BECOME: Final[Mapping[PayoutStatus, frozenset[PayoutStatus]]] = MappingProxyType(
    {
        "pending": frozenset({"processing", "sent", "paid", "failed", "canceled"}),
        "processing": frozenset({"paid", "failed", "returned", "canceled"}),
        "sent": frozenset({"paid", "failed", "returned", "canceled"}),
        "paid": frozenset({"returned"}),
        "failed": frozenset(),
        "canceled": frozenset(),
        "returned": frozenset({"returned"}),
    }
)
"""`processing` becomes `canceled` only before anything was sent; `sent` by file only, forced and with a reason;
`returned` repeats until all is back."""

TRANSFER_UNDER_WAY: Final = (
    "the transfer is being made at Stripe, which is asked for its outcome; wait until it is known"
)
"""Why people say nothing about a payout that is `processing`."""


def require(
    current: PayoutStatus,
    becoming: PayoutStatus,
    *,
    is_unsent: bool = False,
    is_by_file: bool = False,
    force: bool = False,
    reason: str = "",
    is_all_back: bool = False,
) -> None:
    """Return if a payout may change from `current` to `becoming`.

    Args:
        current: its status now.
        becoming: the status it is to get.
        is_unsent: the provider was not called, and will not be.
        is_by_file: its method leaves in a file, which a person uploads.
        force: cancel it although its file was downloaded; takes a reason.
        reason: why it is canceled.
        is_all_back: its whole net has been returned.

    Raises:
        Conflict: `status_refused`; `transfer_under_way`: the provider was called; `file_taken`: its file was
            downloaded, and the cancel is not forced.
        InvalidRequest: forced without a reason.
    """
    if is_all_back:
        raise Conflict("the whole payout has been returned already; nothing of it is left", code="status_refused")
    if becoming not in MAY_BECOME[current]:
        raise Conflict(
            f"the payout is {current}, so it cannot become {becoming}; {_allowed(current)}", code="status_refused"
        )
    if (current, becoming) == ("processing", "canceled") and not is_unsent:
        raise Conflict(TRANSFER_UNDER_WAY, code="transfer_under_way")
    if (current, becoming) != ("sent", "canceled"):
        return
    if not is_by_file:
        raise Conflict(
            "the payout was handed over to be paid, so it cannot be canceled; report it as failed if it was not paid",
            code="status_refused",
        )
    if not force:
        raise Conflict(
            "the payout's file was downloaded, so it may have been paid; cancel with force: true and a reason if its "
            "line was not uploaded",
            code="file_taken",
        )
    if not reason:
        raise InvalidRequest("force needs a reason", param="reason")


def _allowed(current: PayoutStatus) -> str:
    after = [status for status in STATUSES if status in MAY_BECOME[current]]
    return f"it may become {', '.join(after)}" if after else "it has ended, and the next run pays the amount"
