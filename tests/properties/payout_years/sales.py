"""What happens to sales: bought, refunded, disputed, decided. An act that finds nothing to act on returns None."""

from fractions import Fraction

from sqlalchemy import text

from app import db
from app.commissions.decisions import commands as decisions
from app.commissions.models import Conversion
from app.errors import Conflict
from app.organizations.actors import CLI
from tests.properties.oracle import to_nearest
from tests.properties.oracle_payouts import Commission, Sale
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import ACACIA, CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .shop import ABOVE, CURRENCIES, PARTNERS, RATES_BPS, now
from .year import Bought, Year

_EARNED = text("""
    SELECT commission.id, commission.level, partner.slug, conversion.id AS conversion_id
    FROM payments AS payment JOIN conversions AS conversion ON conversion.payment_id = payment.id
    JOIN commissions AS commission ON commission.conversion_id = conversion.id
    JOIN partners AS partner ON partner.id = commission.partner_id
    WHERE payment.key = :key
""")


def sells(year: Year) -> str:
    code = year.chance.choice([code for code in PARTNERS if code not in year.banned])
    currency = year.chance.choice(CURRENCIES)
    minor = year.chance.randint(101, 20_000)
    customer = Customer(year.chance.choice([CLOVER, ACACIA]), Marks(subscription=code))
    purchase = customer.subscribes(Bill(minor, currency=currency))
    year.happens(purchase.events)
    with db.transaction() as session:
        earned = session.execute(_EARNED, {"key": f"invoice:{purchase.invoice}"}).all()
    expected = {0: code, **({1: ABOVE[code]} if code in ABOVE else {})}
    assert {row.level: row.slug for row in earned} == expected
    commissions = [
        Commission(str(row.id), row.slug, currency, to_nearest(Fraction(minor * RATES_BPS[row.level], 10_000)))
        for row in earned
    ]
    sale = Sale(minor, commissions)
    sale.settles()
    year.bought.append(Bought(customer, purchase, sale, earned[0].conversion_id))
    return f"{len(year.bought) - 1}: {code} sells for {minor} {currency}"


def refunds(year: Year) -> str | None:
    bought = year.any_of(year.bought, lambda one: one.dispute is None and one.left_minor > 0)
    if bought is None:
        return None
    minor = bought.left_minor if year.chance.random() < 0.3 else year.chance.randint(1, bought.left_minor)
    year.happens(bought.is_refunded(minor))
    bought.sale.settles()
    return f"{year.number_of(bought)}: {minor} refunded"


def refund_fails(year: Year) -> str | None:
    bought = year.any_of(year.bought, lambda one: bool(one.refunds))
    if bought is None:
        return None
    year.happens(bought.refunds.pop().failure)
    bought.sale.refunds.pop()
    bought.sale.settles()
    return f"{year.number_of(bought)}: the last refund fails"


def dispute_goes_on(year: Year) -> str | None:
    bought = year.any_of(year.bought, lambda one: not one.refunds and one.dispute_stage not in ("lost", "won"))
    if bought is None:
        return None
    events, stage, sale = [], bought.dispute_stage, bought.sale
    if stage == "none":
        bought.dispute = DisputeStory(bought.customer, bought.purchase)
        events, bought.dispute_stage = [bought.dispute.opens()], "open"
    elif stage == "open":
        assert bought.dispute is not None
        events, bought.dispute_stage, sale.disputed_minor = (
            [bought.dispute.takes_the_money()],
            "taken",
            sale.gross_minor,
        )
    else:
        assert bought.dispute is not None
        bought.dispute_stage = year.chance.choice(["lost", "won"])
        events = [bought.dispute.closes(bought.dispute_stage)]
        if bought.dispute_stage == "won":
            events.append(bought.dispute.gives_it_back())
            sale.disputed_minor = 0
    year.happens(events)
    sale.settles()
    return f"{year.number_of(bought)}: dispute {bought.dispute_stage}"


def decides(year: Year) -> str | None:
    bought = year.any_of(year.bought, lambda _: True)
    if bought is None:
        return None
    is_approval = year.chance.random() < 0.85
    refused = decide(year, bought, is_approval=is_approval)
    return f"{year.number_of(bought)}: {refused or ('approved' if is_approval else 'rejected')}"


def decide(year: Year, bought: Bought, *, is_approval: bool) -> str | None:
    """A person approves or rejects a sale's conversion; gives why it was refused, if it was."""
    by = now()
    try:
        with db.transaction() as session:
            conversion = session.get_one(Conversion, bought.conversion_id)
            if is_approval:
                decisions.approve(session, CLI, conversion, by)
            else:
                decisions.reject(session, CLI, conversion, by, reason="as it is")
    except Conflict as refusal:
        return refusal.code
    year.moments = [*year.moments[-3:], by.occurred_at]
    bought.sale.decides(by.occurred_at, is_approval=is_approval)
    return None
