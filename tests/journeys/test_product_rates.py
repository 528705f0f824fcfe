"""Other rates for some products, computed over the lines of an invoice."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from app import db
from app.commissions.rates import amounts
from app.commissions.rates.amounts import ProductShare
from app.errors import InvalidRequest
from app.partners import enrollment
from app.payments.state.state import PaymentState
from app.programs.models import Program
from app.programs.shapes import shape_of, valid_commission
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER, EVERY_SHAPE, Family
from tests.stripe_stories.lines import Line, itemized, rendered

from .conftest import Explained, Meet, OutcomeOf

RATES = [{"product": "prod_seats", "bps": 5000}, {"product": "prod_setup", "excluded": True}]
COMMISSION = {"type": "percentage", "bps": 2000, "product_rates": RATES}
THREE = (Line("prod_pro", 5000), Line("prod_seats", 3000), Line("prod_setup", 2000))


@pytest.fixture
def pat(merchant: cast.Merchant) -> None:
    """A partner with product rates: 20 %, 50 % on seats, nothing on set-up."""
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        partner = enrollment.create_partner(
            session, program, email="pat@partners.example", slug="pat", commission=COMMISSION, first_name="Pat"
        )
        enrollment.change_status(session, partner, "active")


WORKED = {
    "all of it collected: 1000 + 1500 + 0": (THREE, Bill(net_minor=10_000), 2500),
    "half from the credit balance": (THREE, Bill(net_minor=10_000, balance_minor=5000), 1250),
    "tax on top is no base": (THREE, Bill(net_minor=10_000, tax_minor=1900), 2500),
    "a discount on one line": (
        (Line("prod_pro", 5000), Line("prod_seats", 6000, discount_minor=3000)),
        Bill(net_minor=8000, discount_minor=3000),
        2500,
    ),
    "tax inside the lines": (
        (Line("prod_pro", 5950, tax_inside_minor=950), Line("prod_seats", 3570, tax_inside_minor=570)),
        Bill(net_minor=8000, tax_minor=1520, tax_inclusive=True),
        2500,
    ),
    "only what is excluded": ((Line("prod_setup", 4900),), Bill(net_minor=4900), 0),
    "only what has a rate of its own": ((Line("prod_seats", 4900),), Bill(net_minor=4900), 2450),
    "one rounding: 20 % of 333 and 50 % of 333 is 233.1": (
        (Line("prod_pro", 333), Line("prod_seats", 333)),
        Bill(net_minor=666),
        233,
    ),
    "a negative proration: (2000 - 500) of 9000": (
        (Line("prod_pro", 10_000), Line("prod_seats", -1000)),
        Bill(net_minor=9000),
        1500,
    ),
    "never more than the highest rate": (
        (Line("prod_pro", -4000), Line("prod_seats", 5000)),
        Bill(net_minor=1000),
        500,
    ),
}


@pytest.mark.usefixtures("pat")
@pytest.mark.parametrize(("lines", "bill", "commission_minor"), WORKED.values(), ids=WORKED.keys())
def test_each_products_lines_count_at_its_rate(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, lines: Sequence[Line], bill: Bill, commission_minor: int
) -> None:
    deliver(itemized(meet(subscription="pat").subscribes(bill), lines))
    drain()
    assert ledger().balances == owed(pat=commission_minor)


@pytest.mark.usefixtures("pat")
def test_a_refund_takes_back_its_share_of_all_products(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="pat")
    sale = cleo.subscribes(Bill(net_minor=10_000))
    deliver([*itemized(sale, THREE), *cleo.is_refunded(sale, 2500).events])
    drain()
    assert ledger().balances == owed(pat=1875)


def fetched(cleo: Customer, sale: Purchase, lines: Sequence[Line]) -> Event:
    """All lines of the invoice, as a look-up leaves them in the inbox."""
    page = sale.event("invoice.paid")["data"]["object"]["lines"]["data"]
    data = rendered(page[0], lines)
    document = {"id": sale.invoice, "object": "invoice_lines", "data": data}
    return cleo.event("fetched.invoice_lines", document, sale.paid_at + 30)


TWELVE = (*THREE, *(Line("prod_seats", 100) for _ in range(9)))
"""5000 at 20 %, 3900 at 50 %, 2000 at nothing: 2950 of 10900."""


@pytest.mark.usefixtures("pat")
@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=lambda shape: shape.name)
@pytest.mark.parametrize("fetched_first", [False, True])
def test_an_invoice_of_more_than_one_page_waits_for_its_lines(
    deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, shape: Family, fetched_first: bool
) -> None:
    cleo = Customer(shape, Marks(subscription="pat"))
    sale = cleo.subscribes(Bill(net_minor=10_900))
    answer = fetched(cleo, sale, TWELVE)
    events = itemized(sale, TWELVE, shown=10)
    if fetched_first:
        deliver([answer])
        drain()
    deliver(events)
    drain()
    if not fetched_first:
        assert ledger().balances == {}
        assert [line.outcome for line in ledger().payments] == ["waiting"]
        deliver([answer])
        drain()
        assert outcome_of(answer) == "accrued"
    assert ledger().balances == owed(pat=2950)
    assert not [event for event in events if outcome_of(event) == "waiting"]


def test_commission_without_product_rates_needs_no_lines(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(itemized(meet(subscription="ada").subscribes(Bill(net_minor=10_900)), TWELVE, shown=10))
    drain()
    assert ledger().balances == owed(ada=2180)


@pytest.mark.usefixtures("pat")
def test_a_sale_without_an_invoice_counts_at_the_commissions_own_rate(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(meet(payment="pat").buys(through_session=False).events)
    drain()
    assert ledger().balances == owed(pat=980)


@pytest.mark.usefixtures("pat")
def test_the_explanation_shows_each_product(deliver: Deliver, drain: Drain, explained: Explained) -> None:
    sale = Customer(CLOVER, Marks(subscription="pat")).subscribes(Bill(net_minor=10_000))
    deliver(itemized(sale, THREE))
    drain()
    explanation = explained(sale.invoice)["sentences"]
    assert "Its lines of prod_seats sum to 30.00 USD, at 50 %." in explanation
    assert "Its lines of prod_setup sum to 20.00 USD, at 0 %." in explanation
    assert "These rates in proportion on a base of 100.00 USD, rounded half up once, are 25.00 USD." in explanation


def test_a_product_may_not_have_two_rates() -> None:
    twice = [{"product": "prod_seats", "bps": 5000}, {"product": "prod_seats", "excluded": True}]
    with pytest.raises(InvalidRequest, match="twice"):
        valid_commission({"type": "percentage", "bps": 2000, "product_rates": twice})


@pytest.mark.parametrize(
    ("base_minor", "shares", "amount_minor"),
    [
        (8000, [(5000, 2000), (3000, 5000)], 2500),
        (4000, [(5000, 2000), (3000, 5000)], 1250),
        (1000, [(-4000, 2000), (5000, 5000)], 500),
        (1000, [(5000, 2000), (-4000, 5000)], 0),
        (1, [(1, 4999), (1, 5000)], 0),
        (3, [(1, 5000), (1, 0), (1, 5000)], 1),
    ],
)
def test_product_rates_are_rounded_once_and_bounded(
    base_minor: int, shares: list[tuple[int, int]], amount_minor: int
) -> None:
    found = [ProductShare(f"prod_{number}", *share) for number, share in enumerate(shares)]
    assert amounts.by_product(base_minor, found) == amount_minor


def payment(lines: Mapping[str, int], **details: Any) -> PaymentState:
    return PaymentState(
        key="invoice:in_1",
        customer="cus_1",
        subscription="sub_1",
        invoice="in_1",
        payment_intent="",
        charge="",
        currency="usd",
        gross_minor=1000,
        base_minor=1000,
        returned_minor=0,
        base_details={"lines": dict(lines), **details},
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def test_lines_that_sum_to_zero_use_the_commissions_own_rate() -> None:
    assert amounts.product_shares(payment({"prod_pro": 500, "prod_seats": -500}), shape_of(COMMISSION), 2000) == ()


def test_a_limit_of_cycles_needs_the_lines_where_none_shown_is_the_subscriptions() -> None:
    unknown = payment({}, lacks_lines=True)
    assert amounts.needs_lines(unknown, shape_of({"type": "recurring", "bps": 2000, "max_cycles": 12}))
    assert not amounts.needs_lines(unknown, shape_of({"type": "percentage", "bps": 2000}))
