"""What events tell, without the events: the facts a history is made of, for the oracle to hear.

An event's fact and its document are made side by side (`lives.py`), so the oracle never reads a document.
"""

from dataclasses import dataclass, field

from tests.stripe_stories.facts import Purchase
from tests.stripe_stories.returns import Movement

REFUND_STATES = ("pending", "requires_action", "succeeded", "canceled", "failed")
"""In one second the later of these is believed."""
NOTHING_BACK = {"failed", "canceled"}
MONEY_IS_IN = {"won", "warning_closed"}
CLOSED = MONEY_IS_IN | {"lost"}


@dataclass(frozen=True)
class Fact:
    """One thing an event says of the sale with this number.

    Attributes:
        what: `money`, `invoice`, `link`, `session`, `refund`, `refunded_in_all`, `dispute` or `warning`.
        id: of the refund, dispute or warning.
        at: when the event says it.
        movements: all balance transactions the dispute names.
    """

    sale: int
    what: str
    id: str = ""
    amount_minor: int = 0
    status: str = ""
    at: int = 0
    movements: tuple[Movement, ...] = ()


@dataclass
class Sale:
    """A purchase as far as it has been told.

    Attributes:
        names_links: its documents name each other, so that no link has to be told.
        cycle_ends_at: the end of the billing cycle its invoice is for; None for a one-time sale.
    """

    number: int
    purchase: Purchase
    names_links: bool
    cycle_ends_at: int | None
    told: set[str] = field(default_factory=set)
    refunds: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """By id: when stated, rank of the state, amount."""
    refunded_in_all: tuple[int, int] = (0, 0)
    """When stated, and the charge's own sum of its refunds."""
    disputes: dict[str, tuple[int, bool, str, int]] = field(default_factory=dict)
    """By id: when stated, whether closed, status, amount: the greatest is believed."""
    movements: dict[str, set[Movement]] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)

    def hear(self, fact: Fact) -> None:
        """Take in one fact, which may be old or known."""
        match fact.what:
            case "refund":
                stated = (fact.at, REFUND_STATES.index(fact.status), fact.amount_minor)
                self.refunds[fact.id] = max(self.refunds.get(fact.id, stated), stated)
            case "refunded_in_all":
                self.told.add("money")
                self.refunded_in_all = max(self.refunded_in_all, (fact.at, fact.amount_minor))
            case "dispute":
                said = (fact.at, fact.status in CLOSED, fact.status, fact.amount_minor)
                self.disputes[fact.id] = max(self.disputes.get(fact.id, said), said)
                self.movements.setdefault(fact.id, set()).update(fact.movements)
            case "warning":
                self.warnings[fact.id] = fact.at
            case what:
                self.told.add(what)

    @property
    def returned_minor(self) -> int:
        """Refunds that stand and disputes that took the money; more than was paid is possible."""
        back = sum(amount for _, rank, amount in self.refunds.values() if REFUND_STATES[rank] not in NOTHING_BACK)
        if not self.refunds:
            back = self.refunded_in_all[1]
        return back + sum(said[3] for one, said in self.disputes.items() if self._has_taken(one))

    def _has_taken(self, dispute: str) -> bool:
        status = self.disputes[dispute][2]
        if status in CLOSED:
            return status == "lost"
        signs = [moved.amount_minor > 0 for moved in self.movements[dispute]]
        return signs.count(False) > signs.count(True)

    def is_held(self, now: int, *, warning_days: int = 75) -> bool:
        """Whether the clock must leave it: a dispute is open, or a warning counts that nothing has answered yet."""
        if any(not is_closed for _, is_closed, *_ in self.disputes.values()):
            return True
        answered = self.disputes or self.returned_minor
        return not answered and any(now < at + warning_days * 86_400 for at in self.warnings.values())
