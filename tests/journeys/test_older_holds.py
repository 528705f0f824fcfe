"""An automatic approval is no person's word: an older hold takes it back, until something of it is in a payout."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import text

from app import db
from app.programs.models import Program
from tests import books, cast
from tests.books import Balances, owed
from tests.cast import HOLDBACK_DAYS, Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory, warning

from .test_approval import approve, day, payable, reserve


@pytest.fixture
def merchant(application: Flask) -> Merchant:
    """Ada waits for her holdback; Ben's program has none and approves at once."""
    with db.transaction() as session:
        shop = cast.open_merchant(session)
        cast.enroll(session, shop, "ada")
        quick = cast.open_program(session, shop, "At once")
        session.get_one(Program, quick).auto_approve = True
        cast.enroll(session, cast.Merchant(shop.organization_id, quick, shop.partners), "ben")
    return shop


def customer(code: str) -> Customer:
    return Customer(CLOVER, Marks(subscription=code))


def deliver_in_order(deliver: Deliver, drain: Drain, events: Sequence[Event]) -> None:
    """One by one, each worked before the next comes."""
    for event in events:
        deliver([event])
        drain()


def accrued(code: str, minor: int) -> Balances:
    return owed(**{code: minor})


def statuses() -> list[str]:
    with db.transaction() as session:
        return list(session.scalars(text("SELECT status FROM commissions ORDER BY id")))


def test_an_inquiry_holds_what_is_approved_at_once_in_every_order(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Inquiry, invoice, and what links the charge to the invoice."""
    for order in permutations(range(3)):
        cleo = customer("ben")
        sale = cleo.subscribes()
        events = (
            sale.event("invoice.paid"),
            sale.event("invoice_payment.paid"),
            DisputeStory(cleo, sale).opens(as_inquiry=True),
        )
        deliver_in_order(deliver, drain, [events[number] for number in order])
    assert ledger().balances == accrued("ben", 6 * 980)
    assert {line.outcome for line in ledger().payments} == {"held"}


def test_fraud_warning_reverses_the_approval_and_its_end_restores_it(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = customer("ben")
    sale = cleo.subscribes()
    dispute = DisputeStory(cleo, sale)
    deliver_in_order(deliver, drain, [*sale.events, dispute.opens(as_inquiry=True)])
    assert ledger().balances == accrued("ben", 980)
    deliver_in_order(deliver, drain, [dispute.closes("warning_closed")])
    assert statuses() == ["approved"]
    warned = customer("ben")
    first = warned.subscribes()
    recent = int(day(first, 0).timestamp()) + 200 * 86_400  # so that its 75 days are not over
    warned.waits(recent - warned.now)
    deliver_in_order(deliver, drain, [*first.events, warning(warned, first)])
    assert statuses() == ["approved", "accrued"]


def test_automatic_approval_is_undone_by_an_earlier_dispute_that_arrives_later(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = customer("ada")
    sale = cleo.subscribes()
    dispute = DisputeStory(cleo, sale)
    opened = dispute.opens()
    deliver_in_order(deliver, drain, sale.events)
    assert clock(day(sale, HOLDBACK_DAYS)) == 1
    assert ledger().balances == payable(980)
    deliver_in_order(deliver, drain, [opened])
    assert ledger().balances == owed(ada=980)
    assert clock(day(sale, HOLDBACK_DAYS + 1)) == 0
    with db.transaction() as session:
        assert session.execute(text("SELECT approved_at FROM commissions")).scalar() is None
        kinds = session.scalars(text("SELECT kind FROM journal_entries ORDER BY id")).all()
    assert kinds == ["accrual", "approval", "hold"]
    deliver_in_order(deliver, drain, [dispute.closes("won")])
    clock(day(sale, HOLDBACK_DAYS + 2))
    assert ledger().balances == payable(980)


def test_a_dispute_opened_after_the_approval_takes_nothing_back(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = customer("ada")
    sale = cleo.subscribes()
    deliver_in_order(deliver, drain, sale.events)
    clock(day(sale, HOLDBACK_DAYS))
    cleo.waits(HOLDBACK_DAYS * 86_400)
    deliver_in_order(deliver, drain, [DisputeStory(cleo, sale).opens()])
    assert ledger().balances == payable(980)


def test_a_warning_that_a_dispute_answered_counts_from_the_warning_on(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """The dispute alone is younger than the approval; with the warning before it the money was held all along."""
    cleo = customer("ada")
    sale = cleo.subscribes()
    warned = warning(cleo, sale)
    cleo.waits((HOLDBACK_DAYS + 5) * 86_400)
    opened = DisputeStory(cleo, sale).opens()
    deliver_in_order(deliver, drain, sale.events)
    clock(day(sale, HOLDBACK_DAYS))
    deliver_in_order(deliver, drain, [opened])
    assert ledger().balances == payable(980)
    deliver_in_order(deliver, drain, [warned])
    assert ledger().balances == owed(ada=980)


def test_commission_in_a_payout_stays_approved(deliver: Deliver, drain: Drain) -> None:
    cleo = customer("ada")
    sale = cleo.subscribes()
    dispute = DisputeStory(cleo, sale)
    opened = dispute.opens()
    deliver_in_order(deliver, drain, sale.events)
    clock(day(sale, HOLDBACK_DAYS))
    reserve(sale)
    deliver_in_order(deliver, drain, [opened])
    with db.transaction() as session:  # the row's own sums are a payout's to write, and `reserve` only posts
        held = books.read(session, cleo.token).balances
    assert held == {("payout_clearing", "ada", "usd"): 980, ("commission_expense", None, "usd"): 980}


def test_a_person_s_approval_is_not_taken_back(deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = customer("ada")
    sale = cleo.subscribes()
    opened = DisputeStory(cleo, sale).opens()
    deliver_in_order(deliver, drain, sale.events)
    approve(sale, now=day(sale, 40))
    deliver_in_order(deliver, drain, [opened])
    assert ledger().balances == payable(980)


@pytest.mark.parametrize("code", ["ada", "ben"])
def test_every_order_of_a_dispute_that_is_won_ends_approved(
    code: str, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    for order in permutations(range(4)):
        cleo = customer(code)
        sale = cleo.subscribes()
        dispute = DisputeStory(cleo, sale)
        events = [
            sale.event("invoice.paid"),
            sale.event("invoice_payment.paid"),
            dispute.opens(),
            dispute.closes("won"),
        ]
        for number in order:
            deliver_in_order(deliver, drain, [events[number]])
            clock(day(sale, HOLDBACK_DAYS) + timedelta(hours=1))
    assert set(statuses()) == {"approved"}
    assert ledger().balances[("partner_payable", code, "usd")] == 24 * 980
