"""Documents without a customer: other documents of the same payment or subscription name it, before or after."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.journeys.copies import books_of, deliver_copies
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER, FAMILIES, OLD_AND_NEW, Family

OTHER = "cus_other_"
STORIES = 12
_SUBJECTS = text("SELECT left(subject, 4), count(*) FROM attributions WHERE superseded_at IS NULL GROUP BY 1")


@pytest.fixture(params=OLD_AND_NEW, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    """The oldest and the newest shape of documents."""
    return request.param


def test_renewal_without_a_customer_is_credited_through_the_customer_of_its_subscription(
    family: Family, deliver: Deliver, drain: Drain
) -> None:
    """The customer is bound to ada by its first payment; the subscription's own code is ben's."""
    copies = []
    for order in permutations(range(3)):
        cleo = Customer(family, Marks(subscription="ben"))
        first = cleo.subscribes()
        paid, renewal = first.event("invoice.paid"), with_id("customer", None, cleo.renews(first).event("invoice.paid"))
        paid["data"]["object"]["metadata"] = {"affiliate_id": "ada"}
        events = [paid, first.event("payment_intent.succeeded"), renewal]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    assert [book.balances for book in books_of(copies)] == [owed(ada=1960)] * len(copies)
    assert bound() == {"cus_": len(copies)}


def test_subscription_of_an_earlier_session_without_a_customer_is_bound_with_its_customer(
    family: Family, deliver: Deliver, drain: Drain
) -> None:
    copies = []
    for order in permutations(range(3)):
        cleo = Customer(family, Marks(session="ada"))
        first = cleo.subscribes()
        events = [
            with_id("customer", None, first.event("checkout.session.completed")),
            first.event("invoice.paid"),
            cleo.renews(first).event("invoice.paid"),
        ]
        copies.append([[events[place]] for place in order])
    deliver_copies(copies, deliver, drain)
    assert [book.balances for book in books_of(copies)] == [owed(ada=1960)] * len(copies)
    assert bound() == {"cus_": len(copies)}


def test_money_of_another_customer_binds_only_the_customer_of_the_invoice_it_paid(
    deliver: Deliver, drain: Drain
) -> None:
    """A later invoice of the other customer is credited to no partner, whichever document came first."""
    copies = []
    for order in permutations(range(4)):
        cleo = Customer(CLOVER, Marks())
        sale, later = cleo.buys(invoiced=True, through_session=False), cleo.buys(invoiced=True, through_session=False)
        other = f"{OTHER}{cleo.id.removeprefix('cus_')}"
        money = with_id("customer", other, sale.event("payment_intent.succeeded"))
        money["data"]["object"]["metadata"] = {"affiliate_id": "ada"}
        link = [event for event in sale.events if event["type"] == "invoice_payment.paid"]
        parts: Sequence[list[Event]] = [
            [money],
            [sale.event("invoice.paid")],
            link,
            [with_id("customer", other, later.event("invoice.paid"))],
        ]
        copies.append([parts[place] for place in order])
    deliver_copies(copies, deliver, drain)
    assert [book.balances for book in books_of(copies)] == [owed(ada=980)] * len(copies)
    assert bound() == {"cus_": len(copies)}


def test_invoice_without_a_customer_has_the_customer_of_its_charge(
    family: Family, deliver: Deliver, drain: Drain
) -> None:
    """Its customer is bound by it, so a later invoice of that customer without a code is credited as well."""
    copies = []
    for order in permutations(range(4)):
        cleo = Customer(family, Marks())
        sale, later = cleo.buys(invoiced=True, through_session=False), cleo.buys(invoiced=True, through_session=False)
        invoice = with_id("customer", None, sale.event("invoice.paid"))
        invoice["data"]["object"]["metadata"] = {"affiliate_id": "ada"}
        link = [event for event in sale.events if event["type"] == "invoice_payment.paid"]
        parts: Sequence[list[Event]] = [
            [invoice],
            [sale.event("payment_intent.succeeded")],
            link,
            [later.event("invoice.paid")],
        ]
        copies.append([parts[place] for place in order])
    deliver_copies(copies, deliver, drain)
    assert [book.balances for book in books_of(copies)] == [owed(ada=1960)] * len(copies)
    assert bound() == {"cus_": len(copies)}


@pytest.mark.parametrize("family", FAMILIES, indirect=True, ids=lambda family: family.name)
def test_renewal_that_names_no_customer_is_credited_by_its_subscription(
    family: Family, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Many stories in one batch: none is left out by the order in which ids happen to be compared."""
    stories = [Customer(family, Marks(session="ada")) for _ in range(STORIES)]
    for cleo in stories:
        first = cleo.subscribes()
        deliver(
            [
                with_id("customer", None, first.event("checkout.session.completed")),
                with_id("subscription", None, first.event("invoice.paid")),
                with_id("customer", None, cleo.renews(first).event("invoice.paid")),
            ]
        )
    drain()
    assert ledger().balances == owed(ada=2 * 980 * STORIES)


def bound() -> dict[str, int]:
    """How many objects are bound, by the prefix of their ids."""
    with db.transaction() as session:
        return {prefix: int(count) for prefix, count in session.execute(_SUBJECTS)}


def with_id(field: str, stripe_id: str | None, part: Any) -> Any:
    """The document with this id wherever it has one in the field; null for None."""
    if isinstance(part, list):
        return [with_id(field, stripe_id, item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        name: stripe_id if name == field and isinstance(value, str) else with_id(field, stripe_id, value)
        for name, value in part.items()
    }
