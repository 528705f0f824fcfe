"""Which billing cycle an invoice belongs to, found by walking through the invoices of its subscription.

Knows what lines are for and when they were billed; no document, and none of Accrual's code.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Name = tuple[str, int]


@dataclass(frozen=True)
class Line:
    """What one line is for, in Unix seconds."""

    start: int
    end: int
    is_proration: bool = False


@dataclass(frozen=True)
class Billing:
    """The lines of one invoice, and when it was billed."""

    lines: tuple[Line, ...]
    billed_at: int

    @property
    def is_regular(self) -> bool:
        """Whether it bills anything but prorations."""
        return any(not line.is_proration for line in self.lines)


def name_of(own: Billing, others: Iterable[Billing]) -> Name:
    """The cycle's name: an end ahead of the billing, or for arrears alone one behind it; an upgrade has another's."""
    regular = sorted(line.end for line in own.lines if not line.is_proration)
    for end in regular:
        if end > own.billed_at:
            return "ahead", end
    if regular:
        return "behind", regular[-1]
    before = [(one.billed_at, name_of(one, ())) for one in others if one.is_regular and one.billed_at <= own.billed_at]
    if not before:
        return "ahead", min(line.end for line in own.lines)
    latest = max(at for at, _ in before)
    # Of two that were billed at one moment, the one that bills a period to come.
    return min(name for at, name in before if at == latest)
