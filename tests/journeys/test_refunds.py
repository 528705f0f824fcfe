"""Money goes back to Cleo, in part or whole, and sometimes comes again."""

from dataclasses import replace

import pytest

from tests.books import CommissionLine, owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import troubles
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.invoices import invoice_payment

from .conftest import Meet, OutcomeOf


def test_partial_refund_reverses_the_same_share_and_its_failure_restores_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """The first three rows of the worked table."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)
    deliver(refund.events)
    drain()
    assert ledger().balances == owed(ada=780)
    assert ledger().commissions == (CommissionLine("ada", "usd", 980, 200, "accrued"),)
    deliver(refund.failure)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_share_is_measured_by_the_gross_with_tax(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes(Bill(net_minor=10_000, tax_minor=2_000))
    deliver(first.events + cleo.is_refunded(first, 6_000).events)
    drain()
    assert ledger().balances == owed(ada=1000)


def test_three_refunds_that_make_a_whole_leave_exactly_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes(Bill(net_minor=1001))
    deliver(first.events)
    refunds = []
    for amount_minor in (333, 334, 334):
        refunds.append(cleo.is_refunded(first, amount_minor, before=refunds))
        deliver(refunds[-1].events)
        drain()
    assert ledger().balances == {}
    assert ledger().commissions == (CommissionLine("ada", "usd", 200, 200, "reversed"),)


@pytest.mark.parametrize("event_type", ["refund.created", "charge.refunded", "refund.updated"])
def test_refund_counts_after_any_one_of_its_events(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, event_type: str
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    deliver(event for event in cleo.is_refunded(first, 1000).events if event["type"] == event_type)
    drain()
    assert ledger().balances == owed(ada=780)


def test_a_refund_that_comes_before_its_payment_waits_and_counts(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    created = cleo.is_refunded(first, 1000).events[0]
    deliver([created])
    drain()
    assert outcome_of(created) == "waiting"
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=780)
    assert outcome_of(created) != "waiting"


def test_a_pending_refund_counts_until_it_fails(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 4900, pending=True)
    deliver([*first.events, refund.events[0]])
    drain()
    assert ledger().balances == {}
    deliver(refund.failure)
    drain()
    assert ledger().balances == owed(ada=980)


def test_an_older_state_of_a_refund_that_comes_late_changes_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    deliver([*first.events, *refund.failure])
    drain()
    deliver(refund.events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_more_refunded_than_collected_takes_no_more_than_all(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events + cleo.is_refunded(first, 4900).events + cleo.is_refunded(first, 4900).events)
    drain()
    assert ledger().balances == {}


def test_a_refund_of_one_month_leaves_the_others(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    second = cleo.renews(first)
    deliver(first.events + second.events + cleo.is_refunded(second, 4900).events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_refund_that_alone_names_its_charge_counts_once_where_two_payments_settled_the_invoice(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """No event of a charge or PaymentIntent was ever delivered."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes(Bill(net_minor=10_000)).only("invoice.paid", "invoice_payment.paid")
    first.event("invoice_payment.paid")["data"]["object"]["amount_paid"] = 6_000
    rest = replace(first, payment_intent=cleo.ids.fresh("pi"), bill=Bill(net_minor=4_000))
    linked = invoice_payment(rest, cleo.ids.fresh("inpay"), livemode=False)
    deliver([*first.events, cleo.event("invoice_payment.paid", linked, cleo.now)])
    deliver([cleo.is_refunded(first, 1000).events[0]])
    drain()
    assert ledger().balances == owed(ada=1800)


def test_released_authorization_is_not_captured_and_does_not_wait(
    meet: Meet, deliver: Deliver, drain: Drain, outcome_of: OutcomeOf
) -> None:
    cleo = meet(payment="ada")
    held = cleo.buys(through_session=False).event("charge.succeeded")
    held["data"]["object"] |= {"captured": False, "amount_captured": 0}
    released = cleo.event("charge.refunded", held["data"]["object"] | {"amount_refunded": 4900}, cleo.now)
    deliver([held, released])
    drain()
    assert outcome_of(released) == "not_captured"


def test_a_refund_that_failed_before_its_payment_came_waits_no_longer(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    events = [refund.events[0], refund.failure[1]]
    deliver(events)
    drain()
    assert [outcome_of(event) for event in events] == ["waiting", "waiting"]
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)
    assert "waiting" not in [outcome_of(event) for event in events]


@pytest.mark.parametrize("is_warned_first", [False, True])
def test_a_refund_in_the_batch_of_its_sale_corrects_it_and_a_warning_does_not(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, is_warned_first: bool
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    warning, refund = troubles.warning(cleo, first), cleo.is_refunded(first, 1000)
    deliver([warning])
    if is_warned_first:
        drain()
    deliver([*first.events, *refund.events])
    drain()
    assert ledger().balances == owed(ada=780)
    assert (outcome_of(refund.events[0]), outcome_of(warning)) == ("adjusted", "no_change")
