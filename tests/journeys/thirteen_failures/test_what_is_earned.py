"""Failures 7, 8, 9 and 12: rates that change behind one's back, wrong units, tax, and clients who set their rate."""

import pytest

from app import db
from app.programs import terms
from app.programs.models import Program
from tests.books import CommissionLine, owed
from tests.cast import Merchant, enroll
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.conftest import Meet
from tests.journeys.desk import Desk
from tests.stripe_stories.facts import Bill

GREEDY = {"affiliate_rate": "0.9", "commission_bps": "9000", "bps": "9000", "commission_amount": "4900", "rate": "90"}


def test_a_changed_rate_leaves_the_renewals_of_partners_who_joined_before(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, merchant: Merchant
) -> None:
    """Failure 7."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        terms.add_terms(session, program, commission={"type": "percentage", "bps": 500}, holdback_days=30)
        enroll(session, merchant, "eve")
    deliver(cleo.renews(first).events)
    deliver(meet(subscription="eve").subscribes().events)
    drain()
    assert ledger().balances == owed(ada=2 * 980, eve=245)


@pytest.mark.parametrize(
    ("bill", "earned_minor", "as_people_write_it"),
    [
        (Bill(net_minor=4900, currency="usd"), 980, "9.80"),
        (Bill(net_minor=4900, currency="jpy"), 980, "980"),
        (Bill(net_minor=4905, currency="kwd"), 981, "0.981"),
    ],
)
def test_an_amount_stays_in_its_currency_and_its_currencys_smallest_unit(
    meet: Meet,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    desk: Desk,
    bill: Bill,
    earned_minor: int,
    as_people_write_it: str,
) -> None:
    """Failure 8."""
    deliver(meet(subscription="ada").subscribes(bill).events)
    drain()
    assert ledger().balances == owed(bill.currency, ada=earned_minor)
    answer = desk.client.get("/api/v1/commissions", headers=desk.headers)
    [shown] = answer.json["commissions"]
    assert (shown["amount"], shown["currency"].lower()) == (as_people_write_it, bill.currency)


@pytest.mark.parametrize("tax_inclusive", [False, True])
def test_tax_earns_nothing_and_the_base_can_be_seen(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk, tax_inclusive: bool
) -> None:
    """Failure 9."""
    bill = Bill(net_minor=4900, tax_minor=931, tax_inclusive=tax_inclusive)
    first = meet(subscription="ada").subscribes(bill)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)
    explanation = desk.explains(str(first.invoice))
    assert "49.00" in explanation


def test_client_cannot_set_a_rate(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    """Failure 12: whatever metadata says beside the name."""
    cleo = meet(subscription="ada", session="ada", payment="ada", invoice="ada")
    events = [*cleo.subscribes().events, *cleo.buys(invoiced=True).events]
    for event in events:
        _add_to_metadata(event["data"]["object"], GREEDY)
    deliver(events)
    drain()
    assert ledger().commissions == (CommissionLine("ada", "usd", 980, 0, "accrued"),) * 2


def _add_to_metadata(document: object, more: dict[str, str]) -> None:
    """Wherever metadata stand in the document."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "metadata" and isinstance(value, dict):
                value.update(more)
            _add_to_metadata(value, more)
    elif isinstance(document, list):
        for one in document:
            _add_to_metadata(one, more)
