"""Two webhook endpoints of different ages tell the same story."""

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import ACACIA, CLOVER, ENDIVE, Family


@pytest.mark.parametrize("newer", [CLOVER, ENDIVE], ids=lambda family: family.name)
@pytest.mark.parametrize("newer_first", [False, True])
def test_a_story_told_in_an_old_and_a_new_shape_accrues_once(
    deliver: Deliver, drain: Drain, ledger: Ledger, newer: Family, newer_first: bool
) -> None:
    bill = Bill(net_minor=4900, tax_minor=931)
    old = Customer(ACACIA, Marks(subscription="ada"))
    new = Customer(newer, Marks(subscription="ada"), token=old.token)
    tellings = [old.subscribes(bill), new.subscribes(bill)]
    for telling in reversed(tellings) if newer_first else tellings:
        deliver(telling.events)
        drain()
    assert ledger().balances == owed(ada=980)
    assert len(ledger().payments) == 1


def test_one_event_in_two_versions_keeps_the_links_of_the_older_one(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    old = Customer(ACACIA, Marks(payment="ada"))
    new = Customer(CLOVER, Marks(payment="ada"), token=old.token)
    old_sale, new_sale = old.buys(invoiced=True), new.buys(invoiced=True)
    same_event = {**old_sale.event("invoice.paid"), "id": new_sale.event("invoice.paid")["id"]}
    deliver([new_sale.event("payment_intent.succeeded"), new_sale.event("invoice.paid"), same_event])
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]
