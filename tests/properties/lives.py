"""Random lives of one customer, each in chapters: what she buys, what goes back, and what a person decides.

Every event goes with the fact it states, made side by side: the event for Accrual, the fact for the oracle.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import MONTH_SECONDS, START, Bill, Event, Marks
from tests.stripe_stories.families import EVERY_SHAPE

from . import paid_outside, payings, plans
from .back import ENDINGS, StatedEvent, statements
from .oracle_cycles import Billing, Line
from .oracle_ledger import Ledger
from .oracle_terms import Terms
from .sale_facts import Fact, Sale

CHAPTERS = 3
TERMS = {
    "ada": Terms(),
    "eve": Terms(max_cycles=2),
    "fay": Terms(rate_bps=3000, max_months=2),
    "hal": Terms(above_bps={"gil": 500, "jon": 200}),
    "kim": Terms(flat_minor=1500, max_cycles=2, above_bps={"gil": 500, "jon": 200}),
    "lou": Terms(flat_minor=700),
    "mia": Terms(includes_outside=True, holdback_days=None),
    "nia": Terms(holdback_days=None, is_approved_at_once=True),
    "oli": Terms(max_cycles=3, holdback_days=None, earns_from=START + 45 * 86_400),
}
"""The partners of these histories: one is paid for ever, one for two cycles, one for two months; one for ever with
others above it, one a fixed amount for two cycles with others above it, one such an amount once; one of a program
that counts what was paid outside Stripe; one of a program that approves at once; and one of a program that pays from a
day on, whose customers may have paid before."""
LADDER_BPS = {1: 500, 2: 300, 3: 200}
ABOVE = {"hal": "gil", "kim": "gil", "gil": "ivy", "ivy": "jon"}
"""The parent of each partner. Ivy is not active, so no partner earns the second level."""
PURCHASES = ("subscribe", "renew", "renew", "renew, paid twice", *plans.DEEDS, "buy", "buy with invoice", "buy in part")
MISSED = 0.15
"""How many of the events about money that goes back never come."""
STATED_BY = {
    "charge.succeeded": "money",
    "charge.captured": "money",
    "payment_intent.succeeded": "intent",
    "invoice.paid": "invoice",
    "invoice.payment_succeeded": "invoice",
    "invoice_payment.paid": "link",
    "checkout.session.completed": "session",
}

STATED_APART = ("money", "intent", "record")
"""What events may state of a subscription apart from its invoice."""


@dataclass(frozen=True)
class Wish:
    """What a person wants done with a sale's payments after a chapter."""

    sale: int
    is_approval: bool


@dataclass(frozen=True, repr=False)
class Life:
    """One customer: the oracle's ledger before any event, then each chapter's events and wishes."""

    customer: Customer
    ledger: Ledger
    plot: Sequence[str]
    """What happens, in words, for finding out why it went wrong."""
    chapters: Sequence[Sequence[StatedEvent]]
    wishes: Sequence[Sequence[Wish]]

    def __repr__(self) -> str:
        return "; ".join(self.plot)


BILLS = st.builds(
    Bill,
    net_minor=st.integers(1, 20_000) | st.integers(1, 10**7),
    tax_minor=st.sampled_from([0, 1, 931, 10_007]),
    tax_inclusive=st.booleans(),
    currency=st.sampled_from(["usd", "jpy", "kwd"]),
)
BOUGHT = st.lists(
    st.tuples(st.sampled_from(PURCHASES), BILLS, paid_outside.WAYS, paid_outside.PERCENT), min_size=1, max_size=5
)
WENT_BACK = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(ENDINGS), st.integers(1, 120)), max_size=4)
WISHES = st.lists(st.tuples(st.integers(0, CHAPTERS - 1), st.integers(0, 4), st.booleans()), max_size=3)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A customer of some partner: up to five purchases, up to four returns, up to three decisions."""
    cleo = Customer(draw(st.sampled_from(EVERY_SHAPE)))
    partner = draw(st.sampled_from(sorted(TERMS)))
    chance = random.Random(draw(st.integers(0, 2**32)))
    sales: list[Sale] = []
    places: list[dict[str, int]] = []
    chapters: list[list[StatedEvent]] = [[] for _ in range(CHAPTERS)]
    plot = [f"{cleo.family.name}, {partner}"]
    for deed, listed, way, percent in draw(BOUGHT):
        is_wired = deed in paid_outside.DEEDS
        bill = paid_outside.bill_paid(listed, way, percent, cleo.family) if is_wired else listed
        _buy(cleo, partner, deed, bill, sales, chance)
        paid_outside.attempt(sales[-1], way)
        places.append(_place_sale(sales[-1], chapters, chance))
        for event, fact in (*payings.second_payment(cleo, sales[-1]), *payings.released(cleo, sales[-1], chance)):
            is_link = fact is not None and fact.what == "second link"
            chapters[places[-1]["home"] if is_link else chance.randrange(CHAPTERS)].append((event, fact))
        words = f"{bill.net_minor} + {bill.tax_minor} {bill.currency} {way if bill.outside_minor else ''}"
        plot.append(f"{len(sales) - 1}: {deed} for {words}, in chapters {places[-1]}")
    tills = [payings.tills_of(sale) for sale in sales]
    for which, ending, percent in draw(WENT_BACK):
        sale, till = sales[which % len(sales)], chance.choice(tills[which % len(sales)])
        if sale.purchase.charge is None:
            continue
        amount_minor = max(1, sale.purchase.bill.charged_minor * min(percent, 100) // 100)
        placed = []
        for stated in statements(cleo, till, ending, amount_minor):
            if chance.random() < MISSED:
                placed.append(-1)
                continue
            # The charge shown again is no news of the charge: a mark first seen months later would not count.
            earliest = places[sale.number]["money"] if stated[0]["type"] == "charge.refunded" else 0
            placed.append(chance.randrange(earliest, CHAPTERS))
            chapters[placed[-1]].append(stated)
        plot.append(f"{sale.number}.{till.source}: {ending} {amount_minor}, in chapters {placed}")
    wishes: list[list[Wish]] = [[] for _ in range(CHAPTERS)]
    for chapter, which, is_approval in draw(WISHES):
        wishes[chapter].append(Wish(which % len(sales), is_approval))
        plot.append(f"{which % len(sales)}: {'approved' if is_approval else 'rejected'} after chapter {chapter}")
    mixed = _shuffled_with_repetitions(chapters, chance)
    return Life(cleo, Ledger(partner, TERMS, sales), plot, mixed, wishes)


def _buy(cleo: Customer, partner: str, deed: str, bill: Bill, sales: list[Sale], chance: random.Random) -> None:
    """Add the sale of one purchase; every one of them names the partner itself."""
    subscribed, billing = [sale for sale in sales if sale.cycle_ends_at is not None], None
    if deed == "buy in part":
        cleo.marks = Marks(payment=partner)
        sales.append(payings.captured_in_part(cleo, bill, len(sales), chance))
        return
    if deed.startswith("buy"):
        cleo.marks = Marks(payment=partner, invoice=partner, session=partner)
        sale, ends_at = cleo.buys(bill, invoiced=deed == "buy with invoice", through_session=len(sales) % 2 == 0), None
    elif deed == "subscribe" or not subscribed:
        cleo.marks = Marks(subscription=partner, session=partner)
        sale = cleo.subscribes(bill)
        ends_at = sale.paid_at + MONTH_SECONDS
    elif deed in {"renew", "renew, paid twice"}:
        sale = cleo.renews(subscribed[-1].purchase, bill)
        ends_at = sale.paid_at + MONTH_SECONDS
    else:
        sale, ends_at, billing = plans.invoiced(cleo, subscribed[-1], deed, bill)
    if ends_at is not None and billing is None:
        billing = Billing((Line(sale.paid_at, ends_at),), sale.paid_at)
    sales.append(Sale(len(sales), sale, cleo.family.names_links, ends_at, names_orders=cleo.family.names_orders))
    sales[-1].billing = billing
    if deed == "renew, paid twice" and not cleo.family.names_links:
        sales[-1] = payings.paid_twice(cleo, sales[-1], chance)


def _place_sale(sale: Sale, chapters: list[list[StatedEvent]], chance: random.Random) -> dict[str, int]:
    """Place a sale's events: mostly in one chapter, else those of its money, its invoice and its link apart.

    What links a subscription's charge to its invoice comes with the invoice: the charge alone credits no partner.
    """
    home, is_apart = chance.randrange(CHAPTERS), chance.random() < 0.4
    places = ("money", "invoice", "link", "session", "record")
    place = {what: chance.randrange(CHAPTERS) if is_apart else home for what in places}
    place["intent"] = place["money"]
    place["record"] = max(home, place["record"])  # without its invoice it would credit the charge
    for event in sale.purchase.events:
        what = STATED_BY.get(event["type"])
        if what == "link" and event["data"]["object"]["payment"]["type"] == "payment_record":
            what = "record"
        is_at_home = what is None or (sale.purchase.subscription is not None and what not in STATED_APART)
        chapter = home if is_at_home else place[what]
        is_money = what == "money" or (what == "intent" and sale.purchase.invoice is None)
        fact = payings.money_fact(sale, event) if is_money else Fact(sale.number, what) if what else None
        chapters[chapter].append((event, fact))
    return place | {"home": home}


def _shuffled_with_repetitions(chapters: list[list[StatedEvent]], chance: random.Random) -> list[list[StatedEvent]]:
    """Each chapter in a random order, with some events delivered again then or later, under their own id or another."""
    mixed: list[list[StatedEvent]] = []
    for number, chapter in enumerate(chapters):
        again = [_again(stated, chance) for before in chapters[: number + 1] for stated in before]
        repeated = chance.sample(again, min(len(again), chance.randint(0, 3)))
        mixed.append(chance.sample(both := [*chapter, *repeated], len(both)))
    return mixed


def _again(stated: StatedEvent, chance: random.Random) -> StatedEvent:
    event, fact = stated
    return (event if chance.random() < 0.5 else _twin(event)), fact


def _twin(event: Event) -> Event:
    """The same statement in an event of another id, as Stripe sometimes does."""
    return {**event, "id": f"{event['id']}twin"}
