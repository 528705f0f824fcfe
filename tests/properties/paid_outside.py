"""Sales that were paid outside Stripe, wholly or in part, in every way a document says so."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.stripe_stories.facts import Bill
from tests.stripe_stories.families import Family

from .sale_facts import Sale

DEEDS = ("subscribe", "renew", "upgrade")
"""What may be paid outside Stripe in a random life."""

LEAST_NET_MINOR = 100
"""Of less, a part may round to nothing."""
WAYS = st.sampled_from(["", "", "", "wired", "wired after a declined card", "wired in part"])
PERCENT = st.integers(1, 99)


def bill_paid(bill: Bill, way: str, percent: int, family: Family) -> Bill:
    """`bill` as it was paid this way; in part only where documents can say that."""
    if not way or bill.net_minor < LEAST_NET_MINOR:
        return bill
    if way == "wired in part" and not family.names_links:
        return replace(bill, part_outside_minor=max(1, bill.due_minor * percent // 100))
    return replace(bill, out_of_band=True)


def attempt(sale: Sale, way: str) -> None:
    """Let the sale's invoices say that Stripe tried to charge them, where it did."""
    sale.is_attempted = way == "wired after a declined card" or not sale.purchase.bill.out_of_band
    for event in sale.purchase.events if sale.is_attempted else ():
        if event["type"].startswith("invoice."):
            event["data"]["object"] |= {"attempted": True, "attempt_count": 1}
