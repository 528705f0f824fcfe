"""A merchant's own `client_reference_id`: it names a partner only where it is, or begins with, a partner's code."""

from itertools import permutations

import pytest
from sqlalchemy import select

from app import db
from app.organizations.actors import CLI
from app.stripe_events import replaying
from app.stripe_events.models import StripeEvent
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER

from .conftest import OutcomeOf


def cleo_with(**marks: str) -> Customer:
    return Customer(CLOVER, Marks(**marks))


@pytest.mark.parametrize("reference", ["user_4711", "order-17--ada", "user_4711--5f2c"])
def test_a_reference_that_is_no_code_is_not_an_unknown_code(
    deliver: Deliver, drain: Drain, ledger: Ledger, outcome_of: OutcomeOf, reference: str
) -> None:
    first = cleo_with(client_reference=reference).subscribes()
    deliver(first.events)
    drain()
    assert [line.outcome for line in ledger().payments] == ["unattributed"]
    assert outcome_of(first.event("checkout.session.completed")) == "bound"


@pytest.mark.parametrize("reference", ["ada", "Ada--5f2c"])
def test_a_code_with_or_without_a_session_names_its_partner(
    deliver: Deliver, drain: Drain, ledger: Ledger, reference: str
) -> None:
    deliver(cleo_with(client_reference=reference).subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_metadata_beside_a_reference_of_the_merchant_names_the_partner(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(cleo_with(client_reference="user_4712", session="ada").subscribes().events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_metadata_that_names_no_partner_stays_an_unknown_code(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    deliver(cleo_with(client_reference="user_4711", subscription="jnae").subscribes().events)
    drain()
    assert [line.outcome for line in ledger().payments] == ["unknown_code"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_events_does_not_decide_what_a_reference_is(
    deliver: Deliver, drain: Drain, ledger: Ledger, order: tuple[int, ...]
) -> None:
    first = cleo_with(client_reference="user_4711").subscribes()
    types = ("checkout.session.completed", "invoice.paid", "invoice_payment.paid")
    for place in order:
        deliver([first.event(types[place])])
        drain()
    assert [line.outcome for line in ledger().payments] == ["unattributed"]


def test_a_reference_credits_once_it_has_become_a_code_and_its_event_is_worked_again(
    merchant: cast.Merchant, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = cleo_with(client_reference="zoe").subscribes()
    deliver(first.events)
    drain()
    assert ledger().balances == {}
    with db.transaction() as session:
        cast.enroll(session, merchant, "zoe")
        is_invoice_event = StripeEvent.stripe_id == first.event("invoice.paid")["id"]
        replaying.replay(session, CLI, session.scalars(select(StripeEvent).where(is_invoice_event)).one())
    drain()
    assert ledger().balances == owed(zoe=980)
