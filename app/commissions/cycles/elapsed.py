"""Billing cycles that were paid before this system, counted back from the earliest known payment. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from app.commissions.cycles.cycle_names import CycleName, Paid
from app.immutable import immutable
from app.payments.state.billing import ADVANCE

MONTH: Final = timedelta(days=30.436875)
"""The mean length of a month of the calendar."""
CycleStarts = Mapping[str, Mapping[CycleName, tuple[datetime, str]]]
"""By subscription: its cycles, each with the time and key of its first payment."""


@immutable
class History:
    """What is known of a customer from before this system.

    Attributes:
        first_paid_at: when it first paid, as another system says; None: only the payments that are known say it.
        recorded_at: when that was recorded; later payments have arrived by themselves.
    """

    first_paid_at: datetime | None
    recorded_at: datetime


def cycles_before(payments: Iterable[Paid], starts: CycleStarts, histories: Mapping[str, History]) -> dict[str, int]:
    """By subscription: how many of its cycles were paid before the earliest one that is known.

    Only the subscription of a customer whose known cycles begin first can be the one that the customer has had since it
    first paid. Every earlier payment that becomes known lowers the number by the cycles that it adds.

    Args:
        payments: all payments of the customers' subscriptions.
        starts: the cycles that are known.
        histories: by customer.
    """
    key_of = {key: subscription for subscription, cycles in starts.items() for _, key in cycles.values()}
    firsts = {min(cycles.values()) for cycles in starts.values()}
    openings = [paid for paid in payments if paid.key in key_of and (paid.occurred_at, paid.key) in firsts]
    before: dict[str, int] = {}
    seen: set[str] = set()
    for paid in sorted(openings, key=lambda paid: (paid.occurred_at, paid.key)):
        known = histories.get(paid.customer)
        if known is None or known.first_paid_at is None or paid.customer in seen:
            continue
        seen.add(paid.customer)
        before[paid.subscription] = _elapsed(paid, known.first_paid_at, known.recorded_at)
    return before


def _elapsed(paid: Paid, first_paid_at: datetime, recorded_at: datetime) -> int:
    """The cycles from the first payment to this one; 0 if the one before this would have arrived by itself.

    Example: monthly, first paid on 15 January, this one billed on 15 July: 6.
    """
    billing = paid.billing
    if billing is None or billing.kind != ADVANCE:
        return 0
    billed_at = billing.billed_at or paid.occurred_at
    length = billing.ends_at - billed_at
    months = round(length / MONTH)
    interval = months * MONTH if months else length
    if interval <= timedelta(0) or billed_at - interval >= recorded_at:
        return 0
    return max(0, round((billed_at - first_paid_at) / interval))
