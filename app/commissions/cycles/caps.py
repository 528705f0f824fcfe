"""Limits of a commission, counted in billing cycles and months. Pure.

Limits are measured by the times of the payments, never by when they were processed: a delayed event does not pay for a
thirteenth month.
"""

import calendar
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.commissions.cycles import elapsed
from app.commissions.cycles.cycle_names import CycleName, Paid, cycle_names
from app.commissions.cycles.elapsed import History
from app.immutable import immutable
from app.programs.shapes import Shape


@immutable
class CyclePosition:
    """A payment's position among the payments of its customer.

    Attributes:
        cycle: its rank among its subscription's billing cycles, from 1.
        first_paid_at: the time of the customer's first payment that has a base and is credited to a partner.
        opens_cycle: whether it was paid first in its cycle; a flat commission is paid for that payment only.
    """

    cycle: int = 1
    first_paid_at: datetime | None = None
    opens_cycle: bool = True


def cycle_positions(payments: Iterable[Paid], histories: Mapping[str, History]) -> dict[UUID, CyclePosition]:
    """The position of each of these payments. Pass every payment of their subscriptions and customers.

    Invoices with the same cycle name are one cycle. Only payments with a base count, so a trial's zero invoice is no
    cycle. A cycle counts whichever partner earned on it, also after refunds.

    Args:
        payments: the payments.
        histories: by customer, what is known from before this system; it counts for months and cycles.
    """
    paid_payments = list(payments)
    names = cycle_names(paid_payments)
    starts = _cycle_starts(paid_payments, names)
    before = elapsed.cycles_before(paid_payments, starts, histories) if histories else {}
    ranks = {
        (subscription, name): rank + before.get(subscription, 0)
        for subscription, cycles in starts.items()
        for rank, name in enumerate(sorted(cycles, key=cycles.__getitem__), start=1)
    }
    first = _first_paid_at(paid_payments, histories)
    positions = {}
    for paid in paid_payments:
        name = names.get(paid.id)
        # A payment without a cycle, or with a base of zero, counts as the first of a cycle of its own.
        rank = 1 if name is None else ranks.get((paid.subscription, name), 1)
        opens = name is None or paid.base_minor == 0 or starts[paid.subscription][name] == (paid.occurred_at, paid.key)
        positions[paid.id] = CyclePosition(rank, first.get(paid.customer), opens)
    return positions


def _cycle_starts(
    payments: Iterable[Paid], names: Mapping[UUID, CycleName]
) -> dict[str, dict[CycleName, tuple[datetime, str]]]:
    """By subscription: its cycles, each with the time and key of its first payment."""
    starts: dict[str, dict[CycleName, tuple[datetime, str]]] = {}
    for paid in payments:
        if paid.base_minor and paid.id in names:
            cycles, name, start = starts.setdefault(paid.subscription, {}), names[paid.id], (paid.occurred_at, paid.key)
            cycles[name] = min(cycles.get(name, start), start)
    return starts


def _first_paid_at(payments: Iterable[Paid], histories: Mapping[str, History]) -> dict[str, datetime]:
    """By customer: the time of its first commissionable payment; with a history every payment was one."""
    first = {customer: known.first_paid_at for customer, known in histories.items() if known.first_paid_at is not None}
    for paid in payments:
        if paid.base_minor and paid.customer and (paid.is_credited or paid.customer in histories):
            first[paid.customer] = min(first.get(paid.customer, paid.occurred_at), paid.occurred_at)
    return first


def exceeded(commission: Shape, position: CyclePosition, paid_at: datetime) -> dict[str, Any]:
    """The limit of `commission` that the payment exceeds: its code as `limit`, with its numbers; {} if none.

    Example: the thirteenth cycle with `max_cycles` 12 gives
    `{"limit": "max_cycles", "cycle": 13, "most_cycles": 12}`.
    """
    most, most_months = commission.most_cycles, commission.max_months
    if most is not None and position.cycle > most:
        return {"limit": "max_cycles", "cycle": position.cycle, "most_cycles": most}
    first = position.first_paid_at
    if most_months is not None and first is not None and paid_at >= add_months(first, most_months):
        return {"limit": "max_months", "most_months": most_months, "first_paid_at": first.isoformat()}
    if commission.is_once_a_cycle and not position.opens_cycle:
        return {"limit": "once_a_cycle"}
    return {}


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time `months` later by the calendar, the day clamped to that month's end.

    Example: one month after 31 January is 28 February, or 29 in a leap year.
    """
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
