"""What came back of the money of one charge, as far as events have stated it: a walk through its days, not a formula.

Knows no document and none of Accrual's code. Two accounts are kept of refunds: one by their ids, from the first day on;
one that starts from the charge's own sum, on the day it was stated, and follows what happened to refunds after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.stripe_stories.returns import Movement

    from .sale_facts import Fact

REFUND_STATES = ("pending", "requires_action", "succeeded", "canceled", "failed")
"""In one second the later of these is believed."""
NOTHING_BACK = {"failed", "canceled"}
MONEY_IS_IN = {"won", "warning_closed"}
CLOSED = MONEY_IS_IN | {"lost", "prevented"}
DAY_SECONDS = 86_400


@dataclass
class Refund:
    """One refund by its id: its newest state, when it was made, and when it was first said to have come to nothing."""

    made_at: int
    newest: tuple[int, int, int] = (0, 0, 0)
    """When stated, rank of the state, amount."""
    ended_at: int | None = None

    def record(self, fact: Fact) -> None:
        """Take in one statement about it."""
        self.newest = max(self.newest, (fact.at, REFUND_STATES.index(fact.status), fact.amount_minor))
        if fact.status in NOTHING_BACK:
            self.ended_at = min(fact.at, self.ended_at or fact.at)

    @property
    def amount_minor(self) -> int:
        """What it is about."""
        return self.newest[2]

    @property
    def days(self) -> list[tuple[int, int]]:
        """What happened to it, as (when, change of what is back)."""
        happened = [(self.made_at, self.amount_minor)]
        if REFUND_STATES[self.newest[1]] in NOTHING_BACK and self.ended_at is not None:
            happened.append((self.ended_at, -self.amount_minor))
        return happened


@dataclass
class Source:
    """The money of one charge.

    Attributes:
        released_minor: what was authorized beyond what was captured.
        captured_at: when it was captured, once that is known.
        summed: when the charge stated its own sum of refunds, and that sum.
        disputes: by id: when stated, whether closed, status, amount: the greatest is believed.
    """

    released_minor: int = 0
    captured_at: int | None = None
    summed: tuple[int, int] | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, tuple[int, bool, str, int]] = field(default_factory=dict)
    movements: dict[str, set[Movement]] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)

    def record(self, fact: Fact) -> None:
        """Take in one fact, which may be old or known; what is none of a charge's changes nothing."""
        match fact.what:
            case "captured":
                self.captured_at = max(fact.at, self.captured_at or fact.at)
            case "refunded_in_all" | "sum":
                self.summed = max(self.summed or (0, 0), (fact.at, fact.amount_minor))
            case "refund":
                self.refunds.setdefault(fact.id, Refund(fact.made_at)).record(fact)
            case "dispute":
                said = (fact.at, fact.status in CLOSED, fact.status, fact.amount_minor)
                self.disputes[fact.id] = max(self.disputes.get(fact.id, said), said)
                self.movements.setdefault(fact.id, set()).update(fact.movements)
            case "warning":
                self.warnings[fact.id] = fact.at

    @property
    def returned_minor(self) -> int:
        """Refunds that stand and disputes that took the money; more than was paid is possible."""
        return self.refunded_minor + sum(said[3] for one, said in self.disputes.items() if self._has_taken(one))

    @property
    def refunded_minor(self) -> int:
        """What was refunded: the account that knows of more."""
        of_release = [refund for refund in self.refunds.values() if self._is_release(refund)]
        days = [day for refund in self.refunds.values() if refund not in of_release for day in refund.days]
        by_id = sum(change for _, change in days)
        by_id += max(0, sum(change for one in of_release for _, change in one.days) - self.released_minor)
        if self.summed is None:
            return by_id
        stated_at_seconds, summed_minor = self.summed
        by_sum = summed_minor - self.released_minor + sum(change for when, change in days if when > stated_at_seconds)
        if self.captured_at is None and 0 < self.released_minor <= summed_minor:
            return max(0, by_sum)
        return max(by_id, by_sum)

    def _is_release(self, refund: Refund) -> bool:
        is_before = self.captured_at is not None and refund.made_at <= self.captured_at
        return self.released_minor > 0 and is_before

    def _has_taken(self, dispute: str) -> bool:
        status = self.disputes[dispute][2]
        if status == "lost" or status in MONEY_IS_IN:
            return status == "lost"
        signs = [moved.amount_minor > 0 for moved in self.movements[dispute]]
        return signs.count(False) > signs.count(True)

    def is_held(self, now: int, *, warning_days: int = 75) -> bool:
        """Whether the clock must leave it: a dispute is open, or a warning counts that nothing has answered yet."""
        if any(not is_closed for _, is_closed, *_ in self.disputes.values()):
            return True
        answered = self.disputes or self.refunded_minor
        return not answered and any(now < at + warning_days * DAY_SECONDS for at in self.warnings.values())
