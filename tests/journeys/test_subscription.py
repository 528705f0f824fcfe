"""Cleo subscribes through Ada's link and stays."""

import pytest

from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.facts import Bill

from .conftest import Meet, OutcomeOf


def test_a_checkout_and_its_first_invoice_accrue_once(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)
    assert [line.kind for line in ledger().payments] == ["invoice"]


def test_every_renewal_accrues(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    for month in (2, 3, 4):
        deliver(cleo.renews(first).events)
        drain()
        assert ledger().balances == owed(ada=980 * month)


def test_a_renewal_finds_its_partner_through_the_checkout_session_alone(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(client_reference="ada")
    first = cleo.subscribes()
    deliver(first.events)
    deliver(cleo.renews(first).events)
    drain()
    assert ledger().balances == owed(ada=1960)


def test_an_event_delivered_twice_changes_nothing(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    first = meet(subscription="ada").subscribes()
    for _ in range(2):
        deliver(first.events)
        drain()
    assert ledger().balances == owed(ada=980)


def test_the_second_event_of_a_paid_invoice_changes_nothing(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf
) -> None:
    first = meet(subscription="ada").subscribes()
    for event_type in ("invoice.paid", "invoice.payment_succeeded"):
        deliver([first.event(event_type)])
        drain()
    assert ledger().balances == owed(ada=980)
    assert outcome_of(first.event("invoice.paid")) == "accrued"
    assert outcome_of(first.event("invoice.payment_succeeded")) == "no_change"


def test_the_free_invoice_of_a_trial_earns_nothing_and_the_first_paid_one_does(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    trial = cleo.subscribes(Bill(net_minor=0))
    deliver(trial.events)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["zero_base"]
    deliver(cleo.renews(trial, Bill(net_minor=4900)).events)
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize("currency", ["jpy", "kwd", "eur"])
def test_a_commission_stays_in_the_payments_own_currency_and_units(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger, currency: str
) -> None:
    deliver(meet(subscription="ada").subscribes(Bill(net_minor=1200, currency=currency)).events)
    drain()
    assert ledger().balances == owed(currency, ada=240)
