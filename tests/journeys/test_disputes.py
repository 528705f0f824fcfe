"""Cleo's bank takes her money back, or only asks; sometimes it comes again."""

from dataclasses import replace
from itertools import permutations

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories import documents, invoices
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .conftest import Meet, OutcomeOf
from .desk import Desk

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")


def test_lost_dispute_reverses_the_commission(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    opened, withdrawn, lost = dispute.opens(), dispute.takes_the_money(), dispute.closes("lost")
    deliver((*first.events, opened))
    drain()
    assert ledger().balances == owed(ada=980)
    assert ledger().payments[0].outcome == "held"
    deliver([withdrawn])
    drain()
    assert ledger().balances == {}
    assert outcome_of(withdrawn) == "adjusted"
    deliver([lost])
    drain()
    assert ledger().balances == {}
    assert outcome_of(lost) == "no_change"


def test_won_dispute_restores_the_commission(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    deliver((*first.events, dispute.opens(), dispute.takes_the_money()))
    drain()
    assert ledger().balances == {}
    deliver((dispute.gives_it_back(), dispute.closes("won")))
    drain()
    assert ledger().balances == owed(ada=980)
    assert ledger().payments[0].outcome == "accrued"


def test_an_inquiry_holds_and_takes_nothing(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    inquiry = DisputeStory(cleo, first)
    deliver((*first.events, inquiry.opens(as_inquiry=True)))
    drain()
    assert (ledger().balances, ledger().payments[0].outcome) == (owed(ada=980), "held")
    deliver([inquiry.closes("warning_closed")])
    drain()
    assert (ledger().balances, ledger().payments[0].outcome) == (owed(ada=980), "accrued")


def test_an_appeal_that_withdraws_a_second_time_counts_once(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Withdrawn, reinstated, withdrawn again: more went out than came in, however many pairs there are."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    deliver((*first.events, dispute.opens(), dispute.takes_the_money(), dispute.gives_it_back()))
    drain()
    assert ledger().balances == owed(ada=980)
    deliver([dispute.takes_the_money()])
    drain()
    assert ledger().balances == {}


def test_amounts_in_the_accounts_own_currency_are_counted_not_summed(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """The euro account is debited 45.10 and given 46.00 back at another day's rate."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    deliver((*first.events, dispute.opens(), dispute.takes_the_money(4510), dispute.gives_it_back(4600)))
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_dispute_in_another_currency_counts_as_everything(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first, amount_minor=4510)
    withdrawn = dispute.takes_the_money()
    withdrawn["data"]["object"]["currency"] = "eur"
    deliver((*first.events, withdrawn))
    drain()
    assert ledger().balances == {}


@pytest.mark.parametrize("event_type", ["charge.succeeded", "invoice_payment.paid"])
def test_a_dispute_in_another_currency_counts_as_all_of_its_own_payment_of_the_invoice(
    deliver: Deliver, drain: Drain, ledger: Ledger, desk: Desk, event_type: str
) -> None:
    """Two payments of 30.00 and 19.00 paid 49.00; the bank took the smaller one, and says so in euros."""
    cleo = Customer(CLOVER, Marks(subscription="ada"))
    first = cleo.subscribes()
    second = replace(first, payment_intent=cleo.ids.fresh("pi"), charge=cleo.ids.fresh("ch"), bill=Bill(net_minor=1900))
    first.event("invoice_payment.paid")["data"]["object"]["amount_paid"] = 3000
    link = invoices.invoice_payment(second, cleo.ids.fresh("inpay"), livemode=False)
    charge = documents.charge(cleo.family, second, livemode=False)
    withdrawn = DisputeStory(cleo, second, amount_minor=1750).takes_the_money()
    withdrawn["data"]["object"]["currency"] = "eur"
    deliver([*first.events, withdrawn, cleo.event("invoice_payment.paid", link, cleo.now)])
    if event_type == "charge.succeeded":
        deliver([cleo.event("charge.succeeded", charge, first.paid_at)])
    drain()
    assert ledger().balances == owed(ada=600)
    assert "the whole amount of its charge counts as returned" in desk.explains(str(first.invoice))


def test_partial_dispute_reverses_its_share(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first, amount_minor=1000)
    deliver((*first.events, dispute.opens(), dispute.takes_the_money()))
    drain()
    assert ledger().balances == owed(ada=780)


def test_a_refund_and_a_dispute_together_take_no_more_than_was_paid(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 3000)
    dispute = DisputeStory(cleo, first)
    deliver((*first.events, *refund.events, dispute.opens(), dispute.takes_the_money()))
    drain()
    assert ledger().balances == {}
    deliver([dispute.gives_it_back(), dispute.closes("won")])
    drain()
    assert ledger().balances == owed(ada=380)
    deliver(refund.failure)
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("status", ["won", "lost", "prevented"])
def test_a_dispute_ends_the_same_whatever_order_its_events_come_in(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, status: str
) -> None:
    for order in permutations(range(4)):
        cleo = meet(subscription="ada")
        first = cleo.subscribes(Bill())
        dispute = DisputeStory(cleo, first)
        steps = [dispute.opens(), dispute.takes_the_money()]
        if status == "won":
            steps.append(dispute.gives_it_back())
        steps.append(dispute.closes(status))
        deliver([*(steps[step] for step in order if step < len(steps)), *first.events])
    drain()
    assert ledger().balances == (owed(ada=24 * 980) if status == "won" else {})


@pytest.mark.parametrize("gives_it_back", [False, True])
def test_a_prevented_dispute_takes_what_its_balance_transactions_took(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, gives_it_back: bool
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first, amount_minor=1000)
    opened, withdrawn, closed = dispute.opens(), dispute.takes_the_money(), dispute.closes("prevented")
    deliver([*first.events, opened, withdrawn, closed])
    if gives_it_back:
        deliver([dispute.gives_it_back()])
    drain()
    assert ledger().balances == owed(ada=980 if gives_it_back else 780)
    assert ledger().payments[0].outcome == ("accrued" if gives_it_back else "adjusted")


def test_a_prevented_dispute_that_moved_no_money_takes_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver([*first.events, DisputeStory(cleo, first).closes("prevented")])
    drain()
    assert (ledger().balances, ledger().payments[0].outcome) == (owed(ada=980), "accrued")


def test_a_dispute_before_its_charge_waits_for_it(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    withdrawn = DisputeStory(cleo, first).takes_the_money()
    deliver([withdrawn])
    drain()
    assert outcome_of(withdrawn) == "waiting"
    deliver(first.events)
    drain()
    assert outcome_of(withdrawn) == "adjusted"
    assert ledger().balances == {}
