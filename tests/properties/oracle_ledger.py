"""A ledger in memory: what every commission should hold after each event, decision and tick of the clock.

Plain Python over the facts of `sale_facts.py`: no document, no order of arrival, no SQL and none of Accrual's code. It
keeps no balances; it computes them each time from the known facts and decisions.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from tests.books import Balances, Books, CommissionLine, PaymentLine, without_zeros

from .oracle import base_minor, share_returned, to_nearest
from .oracle_cycles import Name, name_of
from .oracle_terms import Decision, SalePayment, Terms
from .outside import base_of, outside_minor, through_minor
from .sale_facts import Fact, Sale

DAY_SECONDS = 86_400
NEVER = 2**32


@dataclass
class Ledger:
    """One customer's sales, credited to one partner, and what was decided of them."""

    partner: str
    terms: Mapping[str, Terms]
    """By partner."""
    sales: list[Sale]
    decisions: list[Decision] = field(default_factory=list)
    partner_of: dict[int, str] = field(default_factory=dict)
    """By number, the sales that a person gave to another partner."""
    today: int = field(default_factory=lambda: int(time.time()))
    """When all of it is worked, later than everything that happens."""

    def record(self, facts: Iterable[Fact]) -> None:
        """Take in what events stated."""
        for fact in facts:
            self.sales[fact.sale].record(fact)

    def payments(self, sale: Sale) -> list[SalePayment]:
        """The payments a sale makes as far as events have stated it: none, one, or two that nothing has joined yet."""
        known, is_invoiced = sale.known, sale.purchase.invoice is not None
        is_single = sale.purchase.subscription is None
        names_invoice = {"invoice", "record", "session"} & known
        is_ordered = sale.names_orders and "intent" in known and bool(names_invoice)
        is_joined = sale.names_links or is_ordered or "link" in known or ("session" in known and is_single)
        has_money = "money" in known or ("session" in known and is_single)
        found = []
        if "invoice" in known:
            through = through_minor(sale)
            back = min(sale.returned_on_invoice_minor(is_joined=is_joined), through)
            found.append(
                SalePayment(sale, "invoice", through, base_of(sale, through), back, is_joined, is_credited=True)
            )
        if has_money and not (is_joined and "invoice" in known):
            awaits_invoice = is_invoiced and sale.names_links and "money" in known
            kind = "invoice" if is_invoiced and is_joined else "pi"
            found.append(_single(sale, kind, is_credited=is_single and not awaits_invoice))
        return found

    def books(self, now: int | None = None) -> Books:
        """Balances, commissions, and the payments a partner is credited with; `now` is for the word `held` alone."""
        balances: Balances = defaultdict(int)
        commissions, payments = [], []
        for payment in self._credited():
            earned, obstacle = self._earned(self._counted(payment))
            verdict = self._verdict(payment)
            currency = payment.sale.purchase.bill.currency
            is_stopped = bool(obstacle) or verdict is False
            for partner, amount, worth in self._shares(self._counted(payment), 0 if is_stopped else earned):
                balances["partner_payable" if verdict else "partner_accrued", partner, currency] += worth
                balances["commission_expense", None, currency] += worth
                status = "reversed" if worth == 0 else "approved" if verdict else "accrued"
                commissions.append(CommissionLine(partner, currency, amount, amount - worth, status))
            outcome = _outcome(payment, verdict, now, obstacle or ("" if earned else "zero_base"))
            payments.append(_payment_line(payment, "out_of_band" if self._is_left_out(payment) else outcome))
        return Books(without_zeros(balances), tuple(sorted(commissions)), tuple(sorted(payments)))

    def stopped(self) -> list[CommissionLine]:
        """What stands in the books wherever it was earned before a limit or a rejection stopped it.

        It keeps its amount and is worth nothing. Whether it ever was earned may depend on what was stated first.
        """
        lines = []
        for payment in self._credited():
            earned, obstacle = self._earned(self._counted(payment))
            if obstacle or self._verdict(payment) is False:
                currency = payment.sale.purchase.bill.currency
                for partner, amount, _ in self._shares(self._counted(payment), earned):
                    lines.append(CommissionLine(partner, currency, amount, amount, "reversed"))
        return lines

    def is_held(self, payment: SalePayment) -> bool:
        """Whether something holds it today; whatever does is older than any approval made today."""
        return payment.sale.is_held(self.today, is_joined=payment.is_linked)

    def approve_what_is_due(self, now: int) -> None:
        """The clock: approve what has accrued, has passed its holdback and is not held."""
        for payment in self._credited():
            earned, obstacle = self._earned(self._counted(payment))
            shares = self._shares(self._counted(payment), 0 if obstacle else earned)
            has_accrued = any(worth for _, _, worth in shares)
            days = self._terms(payment.sale).holdback_days
            is_mature = days is not None and payment.sale.purchase.paid_at + days * DAY_SECONDS <= now
            is_held = payment.sale.is_held(now, is_joined=payment.is_linked)
            if has_accrued and is_mature and not is_held and self._verdict(payment) is None:
                self._decide(payment.sale.number, payment.kind, by_person=False, is_approval=True)

    def decide(self, sale: int, kind: str, *, is_approval: bool) -> None:
        """A person approves or rejects one of the sale's payments."""
        self._decide(sale, kind, by_person=True, is_approval=is_approval)

    def _decide(self, sale: int, kind: str, *, by_person: bool, is_approval: bool) -> None:
        self.decisions.append(Decision(sale, kind, by_person, len(self.decisions), is_approval))

    def _verdict(self, payment: SalePayment) -> bool | None:
        """Whether it was approved (True), rejected (False), or nothing yet.

        A person counts before the clock, later before earlier. The only payment of a sale has what was ever decided of
        any of them: they have become one. What no person approved is not approved while it is held.
        """
        is_only_one = len(self.payments(payment.sale)) == 1
        own = [
            decision
            for decision in self.decisions
            if decision.sale == payment.sale.number and (is_only_one or decision.kind == payment.kind)
        ]
        last = max(own, key=lambda one: (one.by_person, one.number), default=None)
        is_at_once = self._terms(payment.sale).is_approved_at_once and last is None
        if is_at_once or (last is not None and last.is_approval and not last.by_person):
            return None if self.is_held(payment) else True
        return None if last is None else last.is_approval

    def _credited(self) -> Iterator[SalePayment]:
        return (payment for sale in self.sales for payment in self.payments(sale) if payment.is_credited)

    def _counted(self, payment: SalePayment) -> SalePayment:
        """The payment as the partner's program counts it."""
        due = payment.sale.purchase.bill.due_minor
        if (
            payment.kind != "invoice"
            or "invoice" not in payment.sale.known
            or not self._terms(payment.sale).includes_outside
        ):
            return payment
        back = min(payment.sale.returned_on_invoice_minor(is_joined=payment.is_linked), due)
        return replace(payment, gross_minor=due, base_minor=base_of(payment.sale, due), returned_minor=back)

    def _is_left_out(self, payment: SalePayment) -> bool:
        """Whether all of it was paid outside Stripe, which the partner's program does not count."""
        is_all_outside = "invoice" in payment.sale.known and payment.kind == "invoice" and payment.gross_minor == 0
        return is_all_outside and outside_minor(payment.sale) > 0 and not self._terms(payment.sale).includes_outside

    def _partner(self, sale: Sale) -> str:
        return self.partner_of.get(sale.number, self.partner)

    def _terms(self, sale: Sale) -> Terms:
        return self.terms[self._partner(sale)]

    def _shares(self, payment: SalePayment, earned: int) -> Iterator[tuple[str, int, int]]:
        """Who earns on the payment, how much with nothing returned, and what that is worth now."""
        if earned == 0:
            return
        terms = self._terms(payment.sale)
        is_all_back = payment.returned_minor >= payment.gross_minor
        for partner, bps in {self._partner(payment.sale): None, **terms.above_bps}.items():
            amount = earned if bps is None else to_nearest(payment.base_minor * Fraction(bps, 10_000))
            worth = amount - share_returned(amount, payment.returned_minor, payment.gross_minor)
            if bps is None and terms.flat_minor is not None:
                worth = 0 if is_all_back else amount
            if amount:
                yield partner, amount, worth

    def _earned(self, payment: SalePayment) -> tuple[int, str]:
        """The partner's commission by its terms with nothing returned, and the outcome that stands in its way."""
        terms = self._terms(payment.sale)
        if payment.sale.purchase.paid_at < terms.earns_from:
            return 0, "before_cutoff"
        if terms.flat_minor is None:
            earned = to_nearest(payment.base_minor * Fraction(terms.rate_bps, 10_000))
        elif payment.base_minor and payment.sale.purchase.bill.currency != "usd":
            return 0, "cap_reached" if self._is_past_limit(payment, terms) else "currency_mismatch"
        else:
            earned = terms.flat_minor if payment.base_minor else 0
        return earned, "cap_reached" if self._is_past_limit(payment, terms) else ""

    def _is_past_limit(self, payment: SalePayment, terms: Terms) -> bool:
        """Whether its cycle or its month is beyond what is paid, or another invoice carries a cycle's fixed amount."""
        is_flat = terms.flat_minor is not None
        most_cycles = 1 if is_flat and terms.max_cycles is None else terms.max_cycles
        if most_cycles is not None and self._cycle(payment) > most_cycles:
            return True
        if terms.max_months is not None:
            first = datetime.fromtimestamp(self._first_paid_at(), UTC)
            if datetime.fromtimestamp(payment.sale.purchase.paid_at, UTC) >= months_after(first, terms.max_months):
                return True
        return is_flat and self._is_preceded(payment)

    def _cycle_name(self, sale: Sale) -> Name | None:
        """What the sale's billing cycle is called, by the invoices of its subscription that were delivered."""
        if sale.billing is None:
            return None
        others = [
            payment.sale.billing
            for payment in self._credited()
            if payment.sale.billing is not None and payment.sale.purchase.subscription == sale.purchase.subscription
        ]
        return name_of(sale.billing, others)

    def _begun(self, sale: Sale) -> dict[Name, tuple[int, str]]:
        """The cycles of the sale's subscription, each with the time and invoice by which it was first paid."""
        begun: dict[Name, tuple[int, str]] = {}
        for other in self._credited():
            purchase, name = other.sale.purchase, self._cycle_name(other.sale)
            is_of_same = purchase.subscription == sale.purchase.subscription
            if name is not None and is_of_same and self._counted(other).base_minor:
                started = (purchase.paid_at, purchase.invoice or "")
                begun[name] = min(begun.get(name, started), started)
        return begun

    def _is_preceded(self, payment: SalePayment) -> bool:
        """Whether another invoice of the same billing cycle was paid before it."""
        own, name = payment.sale.purchase, self._cycle_name(payment.sale)
        if name is None or payment.base_minor == 0:
            return False
        return self._begun(payment.sale)[name] < (own.paid_at, own.invoice or "")

    def _cycle(self, payment: SalePayment) -> int:
        """Which billing cycle of its subscription the invoice is for, by the times its cycles were first paid."""
        name = self._cycle_name(payment.sale)
        if name is None or payment.base_minor == 0:
            return 1
        begun = self._begun(payment.sale)
        return sorted(begun, key=begun.__getitem__).index(name) + 1

    def _first_paid_at(self) -> int:
        return min(
            (payment.sale.purchase.paid_at for payment in self._credited() if payment.base_minor),
            default=NEVER,
        )


def _single(sale: Sale, kind: str, *, is_credited: bool) -> SalePayment:
    """A payment whose invoice, if any, is not known: all that was charged, unless a checkout session states the tax."""
    bill = sale.purchase.bill
    knows_tax = "session" in sale.known and sale.purchase.subscription is None
    base = base_minor(bill) if knows_tax else bill.charged_minor
    back = min(sale.returned_minor, bill.charged_minor)
    return SalePayment(sale, kind, bill.charged_minor, base, back, is_linked=True, is_credited=is_credited)


def _outcome(payment: SalePayment, verdict: bool | None, now: int | None, obstacle: str) -> str:
    if verdict is False and obstacle != "before_cutoff":
        return "rejected"
    if obstacle:
        return obstacle
    if now is not None and verdict is None and payment.sale.is_held(now, is_joined=payment.is_linked):
        return "held"
    return "adjusted" if payment.returned_minor else "accrued"


def _payment_line(payment: SalePayment, outcome: str) -> PaymentLine:
    currency = payment.sale.purchase.bill.currency
    return PaymentLine(payment.kind, currency, payment.gross_minor, payment.base_minor, payment.returned_minor, outcome)


def months_after(moment: datetime, months: int) -> datetime:
    """The same day and time so many calendar months later, or that month's last day: counted day by day."""
    year, month = moment.year + (moment.month - 1 + months) // 12, (moment.month - 1 + months) % 12 + 1
    last = moment.replace(year=year, month=month, day=1)
    while last.day < moment.day and (last + timedelta(days=1)).month == month:
        last += timedelta(days=1)
    return last
