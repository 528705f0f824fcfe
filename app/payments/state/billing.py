"""The billing cycle of its subscription that an invoice names. Pure.

An invoice names a cycle by an end among its subscription lines' periods; which end depends on when it was billed.
`app/commissions/cycles/caps.py` compares the names and ranks the cycles.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.immutable import immutable
from app.payments.facts import moment

ADVANCE: Final = "advance"
"""It bills a period that has begun: a new cycle, named by the earliest end after the moment of billing."""
ARREARS: Final = "arrears"
"""It bills nothing but usage of a period that is over: a cycle as well, named by the latest end."""
WITHIN: Final = "within"
"""It bills prorations and one-off items only: part of the cycle that was running when it was billed."""


Period = tuple[datetime | None, datetime]
"""Start and end; None where the line does not say when it starts."""


@immutable
class Billing:
    """The billing cycle of its subscription that an invoice names.

    Attributes:
        kind: `advance`, `arrears` or `within`.
        ends_at: the end that names the cycle; for `within` its own earliest end, used if no regular invoice was billed
            before it.
        billed_at: the moment of billing; None if no field has it.
    """

    kind: str
    ends_at: datetime
    billed_at: datetime | None


def billing_of(facts: Mapping[str, Any]) -> Billing | None:
    """The billing of an invoice with these facts; None if no subscription line of it is known.

    The facts of all lines are used before those of its first page, whichever arrived first. Times out of range are
    ignored.
    """
    periods: Mapping[str, Sequence[Sequence[object]]] = facts.get("periods") or facts.get("page_periods") or {}
    regular, other = _possible(periods.get("regular", ())), _possible(periods.get("other", ()))
    if not regular and not other:
        return None
    billed_at = _billed_at(facts, regular or other)
    if not regular:
        return Billing(WITHIN, min(end for _, end in other), billed_at)
    ahead = [end for _, end in regular if billed_at is None or end > billed_at]
    if ahead:
        return Billing(ADVANCE, min(ahead), billed_at)
    return Billing(ARREARS, max(end for _, end in regular), billed_at)


def _billed_at(facts: Mapping[str, Any], periods: Sequence[Period]) -> datetime | None:
    """The invoice's own `period_end`, else the latest start of its lines."""
    return moment(facts.get("period_end")) or max((start for start, _ in periods if start is not None), default=None)


def _possible(periods: Sequence[Sequence[object]]) -> list[Period]:
    """The periods whose end, in Unix seconds, is a possible time."""
    read = ((moment(start), moment(end)) for start, end in periods)
    return [(start, end) for start, end in read if end is not None]
