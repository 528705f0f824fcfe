"""The facts that events state, without their documents: what the oracle computes from.

An event's fact and its document are made side by side (`lives.py`), so the oracle never reads a document.
"""

from dataclasses import dataclass, field

from tests.stripe_stories.facts import Purchase
from tests.stripe_stories.returns import Movement

from .oracle_cycles import Billing
from .oracle_returns import Source


@dataclass(frozen=True)
class Fact:
    """One thing an event says of the sale with this number.

    Attributes:
        what: `money`, `captured` (money, and when it was taken), `intent` (money, stated by its PaymentIntent),
            `invoice`, `link`, `second link`, `record` (money from outside Stripe), `session`, `refund`,
            `refunded_in_all` (a charge, with its sum of refunds), `sum` (that sum alone), `dispute` or `warning`.
        id: of the refund, dispute or warning.
        at: when the event says it.
        made_at: when the refund was made.
        movements: all balance transactions the dispute names.
        source: which of the sale's payments it is about, where its invoice was paid twice.
    """

    sale: int
    what: str
    id: str = ""
    amount_minor: int = 0
    status: str = ""
    at: int = 0
    made_at: int = 0
    movements: tuple[Movement, ...] = ()
    source: int = 0


@dataclass
class Sale:
    """A purchase as far as events have stated it.

    Attributes:
        names_links: its documents name each other, so that no event has to state a link.
        names_orders: its PaymentIntent names its invoice as what was ordered.
        is_attempted: Stripe tried to charge its invoice.
        cycle_ends_at: the end of what its invoice is for; None for a one-time sale.
        billing: what the lines of its invoice are for.
        second: the purchase as the second payment of its invoice paid it; None where it was paid once.
        states_overpaid: its invoice says itself how much too much was paid; else only its payments do, by their sum.
    """

    number: int
    purchase: Purchase
    names_links: bool
    cycle_ends_at: int | None
    second: Purchase | None = None
    states_overpaid: bool = True
    names_orders: bool = False
    is_attempted: bool = True
    billing: Billing | None = None
    known: set[str] = field(default_factory=set)
    sources: tuple[Source, Source] = field(default_factory=lambda: (Source(), Source()))
    """Its payment, and the second one if there is any."""

    def record(self, fact: Fact) -> None:
        """Take in one fact, which may be old or known."""
        self.sources[fact.source].record(fact)
        if fact.what in {"captured", "refunded_in_all", "intent"} and fact.source == 0:
            self.known.add("money")
        if fact.what in {"money", "intent", "invoice", "link", "second link", "record", "session"}:
            self.known.add(fact.what)

    @property
    def returned_minor(self) -> int:
        """What came back of its payment; more than was paid is possible."""
        return self.sources[0].returned_minor

    def returned_on_invoice_minor(self, *, is_joined: bool) -> int:
        """What came back of all that is known to have paid its invoice; what was paid too much is the first to.

        Of each payment no more can come back than it brought.
        """
        known, brought = (is_joined, "second link" in self.known), self.purchase.bill.charged_minor
        back = [min(one.returned_minor, brought) for one, is_known in zip(self.sources, known, strict=True) if is_known]
        return max(0, sum(back) - self._overpaid_minor(is_joined=is_joined))

    def _overpaid_minor(self, *, is_joined: bool) -> int:
        if self.second is None:
            return 0
        is_known = self.states_overpaid or (is_joined and "second link" in self.known)
        return self.second.bill.charged_minor if is_known else 0

    def is_held(self, now: int, *, is_joined: bool) -> bool:
        """Whether the clock must leave it, because of one of its payments that are known to be its own."""
        known = (is_joined, "second link" in self.known)
        return any(one.is_held(now) for one, is_known in zip(self.sources, known, strict=True) if is_known)
