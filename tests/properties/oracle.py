"""The ledger as it should be, computed from a story's facts alone.

It knows no Stripe document, no event order and none of Accrual's code: exact fractions instead of integer tricks, and a
walk through the purchases in the order of their time instead of a function of evidence.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from tests.books import Balances, Books, CommissionLine, without_zeros
from tests.stripe_stories.facts import Bill, Marks, Purchase

RATE_BPS = 2000
"""What the program of the tests' merchant pays, said here again: the merchant itself is made by Accrual's own code."""
STRONGEST_FIRST = ("payment", "invoice", "subscription", "session", "client_reference", "customer")


@dataclass(frozen=True)
class Returned:
    """An amount of a purchase that went back to the customer for good."""

    purchase: Purchase
    amount_minor: int


def expected_books(purchases: Iterable[Purchase], returns: Sequence[Returned] = ()) -> Books:
    """Balances and commissions of one customer's purchases, however their events arrived.

    Every partner is active and earns the program's rate.
    """
    balances: Balances = defaultdict(int)
    commissions = []
    for purchase, partner in _credited(sorted(purchases, key=lambda one: one.paid_at)):
        bill = purchase.bill
        earned = to_nearest(base_minor(bill) * Fraction(RATE_BPS, 10_000))
        if partner is None or earned == 0:
            continue
        back = sum(one.amount_minor for one in returns if one.purchase.charge == purchase.charge)
        taken = share_returned(earned, back, bill.charged_minor)
        balances["partner_accrued", partner, bill.currency] += earned - taken
        balances["commission_expense", None, bill.currency] += earned - taken
        status = "reversed" if taken == earned else "accrued"
        commissions.append(CommissionLine(partner, bill.currency, earned, taken, status))
    return Books(without_zeros(balances), tuple(sorted(commissions)))


def base_minor(bill: Bill) -> int:
    """What of the bill's net was collected through Stripe: the net times the collected share of the total."""
    if bill.total_minor <= 0:
        return 0
    collected = min(bill.charged_minor, bill.total_minor)
    return to_nearest(bill.net_minor * Fraction(collected, bill.total_minor))


def share_returned(earned_minor: int, back_minor: int, gross_minor: int) -> int:
    """The part of a commission that goes when so much of the gross went back."""
    return to_nearest(earned_minor * min(Fraction(1), Fraction(back_minor, gross_minor)))


def to_nearest(value: Fraction) -> int:
    """The nearest integer, a half upwards; of nothing negative."""
    return floor(value + Fraction(1, 2))


def _credited(purchases: Sequence[Purchase]) -> Iterable[tuple[Purchase, str | None]]:
    """Each purchase with the partner it is credited to: the first one credited decides for all invoices after it."""
    of_customer: str | None = None
    for purchase in purchases:
        if purchase.invoice is None:
            partner = _named(purchase.marks, "payment", "session", "client_reference")
        else:
            partner = of_customer or _named(purchase.marks, *STRONGEST_FIRST)
        of_customer = of_customer or partner
        yield purchase, partner


def _named(marks: Marks, *carriers: str) -> str | None:
    """What the first carrier that names anybody names."""
    return next((code for carrier in carriers if (code := getattr(marks, carrier))), None)
