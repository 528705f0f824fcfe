"""How entries change what a partner has: of one entry, and of a month. Pure."""

from collections.abc import Iterable
from typing import Final

from app.immutable import immutable
from app.ledger.entries import RecordedLine
from app.ledger.positions import POSITION_FIELDS
from app.ledger.recorded_time.past_balances import Balance

OWED: Final = ("accrued", "payable", "clearing")
"""The parts of what is owed to a partner."""
TOTALS: Final = ("earned_minor", "paid_minor", "fee_minor", "written_off_minor")
"""What a statement sums up of its entries."""
_EXPENSE: Final = "commission_expense"


@immutable
class Movements:
    """Changes in minor units of one currency; positive is in the partner's favour, or paid out, or kept as a fee."""

    accrued_minor: int = 0
    payable_minor: int = 0
    clearing_minor: int = 0
    paid_minor: int = 0
    fee_minor: int = 0
    written_off_minor: int = 0

    @property
    def owed_minor(self) -> int:
        """The change of what is owed."""
        return sum(self.owed(name) for name in OWED)

    @property
    def earned_minor(self) -> int:
        """Earned less taken back: what moved from the program's expense to any of the accounts."""
        return self.owed_minor + self.paid_minor + self.fee_minor + self.written_off_minor

    def owed(self, name: str) -> int:
        """The change of one part of what is owed."""
        return int(getattr(self, f"{name}_minor"))


def movements(lines: Iterable[RecordedLine]) -> Movements:
    """The sums of these postings by account."""
    sums = dict.fromkeys(POSITION_FIELDS.values(), 0)
    for line in lines:
        if line.account != _EXPENSE:
            sums[POSITION_FIELDS[line.account]] -= line.amount_minor
    return Movements(**sums)


def between(before: Balance | None, after: Balance | None) -> Movements:
    """How a balance changed from one time to another; None: nothing had been posted by then."""
    fields = POSITION_FIELDS.values()
    return Movements(**{name: getattr(after, name, 0) - getattr(before, name, 0) for name in fields})
