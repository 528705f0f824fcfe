"""What of a sale was paid outside Stripe, as far as events have stated it: plain facts, none of Accrual's code."""

from fractions import Fraction

from .oracle import to_nearest
from .sale_facts import Sale


def outside_minor(sale: Sale) -> int:
    """What is known to have been paid outside Stripe on the sale's invoice.

    Older invoices say it themselves. Of newer ones a payment record does; without it, an invoice that nothing has paid
    and that Stripe never attempted to charge was paid outside.
    """
    bill = sale.purchase.bill
    if sale.names_links or "record" in sale.known:
        return bill.outside_minor
    return 0 if sale.is_attempted or sale.purchase.payment_intent is not None else bill.due_minor


def through_minor(sale: Sale) -> int:
    """What is believed to have come through Stripe."""
    return sale.purchase.bill.due_minor - outside_minor(sale)


def base_of(sale: Sale, collected_minor: int) -> int:
    """The part of the sale's net that so much of its total stands for."""
    bill = sale.purchase.bill
    return to_nearest(Fraction(bill.net_minor * collected_minor, bill.total_minor))
