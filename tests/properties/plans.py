"""Invoices of a random life whose lines run for several lengths of time, or are billed after the fact."""

from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import MONTH_SECONDS, Bill, Purchase
from tests.stripe_stories.periods import Span, billed

from .oracle_cycles import Billing, Line
from .sale_facts import Sale

DAY_SECONDS = 86_400
YEAR_SECONDS = 12 * MONTH_SECONDS
DEEDS = ("renew with add-on", "renew with usage", "bill usage", "upgrade", "switch to yearly")
"""What may happen to a subscription besides plain renewals."""


def invoiced(cleo: Customer, before: Sale, deed: str, bill: Bill) -> tuple[Purchase, int, Billing]:
    """The next invoice of the subscription `before` is of, the end of what it is for, and what its lines are for."""
    ends_at = before.cycle_ends_at or cleo.now
    days = {"upgrade": 5, "switch to yearly": 10}.get(deed)
    if days is not None:
        cleo.waits(days * DAY_SECONDS - MONTH_SECONDS)
    sale = cleo.renews(before.purchase, bill)
    now, rest = sale.paid_at, Span(sale.paid_at, max(ends_at, sale.paid_at + 1), is_proration=True)
    month, year, usage = Span(now, now + MONTH_SECONDS), Span(now, now + YEAR_SECONDS), Span(now - MONTH_SECONDS, now)
    spans = {
        "renew with add-on": [year, month],
        "renew with usage": [usage, month],
        "bill usage": [usage],
        "upgrade": [rest, rest],
        "switch to yearly": [year, rest],
    }[deed]
    lines = tuple(Line(span.start, span.end, span.is_proration) for span in spans)
    until = {"upgrade": rest.end, "switch to yearly": year.end}.get(deed, month.end)
    return billed(sale, spans, now), until, Billing(lines, now)
