"""A person says whose a customer is: what it paid from a day on, or all that is unpaid, and what it will pay."""

from datetime import UTC, datetime

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import UNMARKED, Marks
from tests.stripe_stories.families import CLOVER

from .conftest import Meet
from .desk import Desk, payment_id

FEW_DAYS_SECONDS = 5 * 86_400


def test_a_customer_is_credited_from_a_day_on_and_its_renewals_follow(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    second, third = cleo.renews(first), cleo.renews(first)
    deliver([*first.events, *second.events])
    drain()
    since = datetime.fromtimestamp(second.paid_at - FEW_DAYS_SECONDS, UTC)
    answer = desk.credits_customer(cleo.id, "ben", **{"from": since.isoformat()})
    assert (answer.json["changed"], answer.json["moved"]) == (True, [payment_id(str(second.invoice))])
    deliver(third.events)
    drain()
    assert ledger().balances == owed(ada=980, ben=1960)


def test_a_person_reaches_further_back_than_the_window(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet()
    first = cleo.subscribes()
    deliver([*first.events, *(event for _ in range(4) for event in cleo.renews(first).events)])
    drain()
    desk.credits_customer(cleo.id, "ada", all_unpaid=True)
    assert ledger().balances == owed(ada=5 * 980)


def test_a_customers_unmarked_charges_are_not_credited_with_it(
    deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = Customer(CLOVER, Marks(payment="ada"))
    marked = cleo.buys(through_session=False)
    cleo.marks = UNMARKED
    unmarked = cleo.buys(through_session=False)
    deliver([*marked.events, *unmarked.events])
    drain()
    desk.credits_customer(cleo.id, "ben", all_unpaid=True)
    assert ledger().balances == owed(ben=980)


def test_a_later_decision_on_a_customer_overrides_an_earlier_one_on_a_payment(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk
) -> None:
    cleo = meet()
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    desk.credits(str(first.invoice), "ada")
    desk.credits_customer(cleo.id, "ben", all_unpaid=True)
    assert ledger().balances == owed(ben=980)
    desk.credits(str(first.invoice), "dan")
    assert ledger().balances == owed(dan=980)


@pytest.mark.parametrize("extent", [{}, {"all_unpaid": True, "from": "2026-03-02T00:00:00Z"}, {"from": "2026-03-02"}])
def test_a_customer_is_credited_to_one_extent(
    meet: Meet, deliver: Deliver, drain: Drain, desk: Desk, extent: dict[str, object]
) -> None:
    cleo = meet()
    deliver([cleo.appears()])
    drain()
    assert desk.credits_customer(cleo.id, "ada", **extent).status_code == 400


def test_a_customer_in_no_event_is_not_found(desk: Desk) -> None:
    assert desk.credits_customer("cus_nobody", "ada", all_unpaid=True).status_code == 404
