"""A customer followed several partners' links before paying; the program's model decides which is credited."""

from itertools import permutations

import pytest
from sqlalchemy import text

from app import db
from app.partners import enrollment
from app.partners.models import Partner
from tests import cast
from tests.books import owed
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks, Purchase
from tests.stripe_stories.families import CLOVER

from .conftest import Meet
from .visits import SESSION, Visitor, name_session, with_session


@pytest.fixture
def visitor(merchant: cast.Merchant) -> Visitor:
    return Visitor(merchant)


def _use(merchant: cast.Merchant, model: str) -> None:
    with db.transaction() as session:
        change = text("UPDATE programs SET attribution_model = :model WHERE id = :program_id")
        session.execute(change, {"model": model, "program_id": merchant.program_id})


def _in_force() -> list[tuple[str, str, str]]:
    with db.transaction() as session:
        rows = session.execute(
            text("SELECT subject, carrier, session_id FROM attributions WHERE superseded_at IS NULL")
        )
        return [tuple(row) for row in rows]


def _outcomes(ledger: Ledger) -> list[str]:
    return [line.outcome for line in ledger().payments]


@pytest.mark.parametrize(("model", "partner"), [("first_touch", "ben"), ("last_touch", "dan")])
def test_touchpoints_within_the_window_are_credited_by_the_model(
    meet: Meet,
    merchant: cast.Merchant,
    visitor: Visitor,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    model: str,
    partner: str,
) -> None:
    _use(merchant, model)
    cleo = meet(subscription="ada")
    first = with_session(cleo.subscribes())
    visitor.follows("ada", first.paid_at, days=31)
    visitor.follows("ben", first.paid_at, days=29)
    visitor.follows("dan", first.paid_at, days=1)
    deliver([*first.events, *cleo.renews(first).events])
    drain()
    assert ledger().balances == owed(**{partner: 1960})
    assert _in_force() == [(cleo.id, "touchpoint", SESSION)]


@pytest.mark.parametrize(("days", "seconds", "outcome"), [(30, 0, "accrued"), (30, 1, "outside_window")])
def test_a_touchpoint_ends_with_the_window_whatever_name_is_beside_it(
    meet: Meet,
    visitor: Visitor,
    deliver: Deliver,
    drain: Drain,
    ledger: Ledger,
    days: int,
    seconds: int,
    outcome: str,
) -> None:
    first = with_session(meet(subscription="ada", customer="ada", client_reference=f"ada--{SESSION}").subscribes())
    visitor.follows("ada", first.paid_at, days=days, seconds=seconds)
    deliver(first.events)
    drain()
    assert _outcomes(ledger) == [outcome]
    assert ledger().balances == (owed(ada=980) if outcome == "accrued" else {})


def test_another_partners_name_without_that_session_counts_beside_a_lapsed_touchpoint(
    meet: Meet, visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada", customer="ben")
    appeared, first = cleo.appears(), with_session(cleo.subscribes())
    visitor.follows("ada", first.paid_at, days=40)
    deliver([appeared, *first.events])
    drain()
    assert ledger().balances == owed(ben=980)


def test_a_session_without_touchpoints_leaves_the_name_beside_it_unchanged(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    deliver(with_session(meet(subscription="ada").subscribes()).events)
    drain()
    assert ledger().balances == owed(ada=980)


def test_a_touchpoint_after_the_payment_changes_nothing(
    meet: Meet, visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = with_session(meet(subscription="ada").subscribes())
    visitor.follows("ada", first.paid_at, minutes=2)
    visitor.follows("ben", first.paid_at, seconds=-2)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ada=980)


@pytest.mark.parametrize(("seconds_later", "partner"), [(299, "ben"), (301, "ada")])
def test_a_sessions_first_touchpoint_came_before_its_payment_though_clocks_disagree(
    visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger, seconds_later: int, partner: str
) -> None:
    first = with_session(Customer(CLOVER, Marks(subscription="ada")).subscribes())
    visitor.follows("ben", first.paid_at, seconds=-seconds_later)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(**{partner: 980})


@pytest.mark.parametrize("event_type", ["payment_intent.succeeded", "charge.succeeded"])
def test_a_session_on_a_one_time_payment_credits_it(
    meet: Meet, visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger, event_type: str
) -> None:
    sale = meet().buys(through_session=False)
    name_session(sale.event(event_type))
    visitor.follows("ben", sale.paid_at, hours=1)
    deliver(sale.events)
    drain()
    assert ledger().balances == owed(ben=980)


def test_a_session_in_the_client_reference_outranks_a_name_in_the_metadata(
    meet: Meet, visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = meet(subscription="ada", client_reference=f"dan--{SESSION}").subscribes()
    visitor.follows("dan", first.paid_at, days=3)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(dan=980)


def test_a_partner_that_was_paused_since_its_touchpoint_earns_nothing(
    meet: Meet, merchant: cast.Merchant, visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = with_session(meet(subscription="ada").subscribes())
    visitor.follows("ada", first.paid_at, days=1)
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners["ada"]), "paused")
    deliver(first.events)
    drain()
    assert _outcomes(ledger) == ["partner_inactive"]


def _two_visits() -> tuple[Customer, Purchase]:
    cleo = Customer(CLOVER, Marks(subscription="ada", client_reference=f"ada--{SESSION}", customer="dan"))
    return cleo, with_session(cleo.subscribes())


SENT = ("checkout.session.completed", "customer.subscription.created", "invoice.paid", "customer.created")


@pytest.mark.parametrize("order", list(permutations(SENT)), ids=" ".join)
def test_the_touchpoint_decides_in_any_order_of_events(
    visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger, order: tuple[str, ...]
) -> None:
    cleo, first = _two_visits()
    appeared = cleo.appears()
    visitor.follows("dan", first.paid_at, days=20)
    visitor.follows("ben", first.paid_at, days=2)
    for event_type in order:
        deliver([appeared if event_type == "customer.created" else first.event(event_type)])
        drain()
    assert ledger().balances == owed(ben=980)
    assert _in_force() == [(cleo.id, "touchpoint", SESSION)]


def test_two_programs_touchpoints_are_judged_by_the_latest_ones_model(
    merchant: cast.Merchant, visitor: Visitor, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    """Ada is in the other program; Ben's and Dan's says first touch, and Ada's earlier visit is not its."""
    _use(merchant, "first_touch")
    with db.transaction() as session:
        other = cast.open_program(session, merchant)
        move = text("UPDATE partners SET program_id = :other WHERE id = :ada")
        session.execute(move, {"other": other, "ada": merchant.partners["ada"]})
    visitor.program_of["ada"] = other
    _, first = _two_visits()
    visitor.follows("ada", first.paid_at, days=9)
    visitor.follows("ben", first.paid_at, days=5)
    visitor.follows("dan", first.paid_at, days=1)
    deliver(first.events)
    drain()
    assert ledger().balances == owed(ben=980)
