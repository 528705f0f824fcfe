"""Customers whom another system knew: what they paid before counts, whatever arrives first."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.commissions.elsewhere import customers, cutoffs
from app.commissions.settling.settlement import Cause
from app.errors import InvalidRequest
from app.organizations.actors import CLI
from app.programs.models import Program
from tests import books
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, assert_ledger_sound
from tests.stripe_stories.facts import MONTH_SECONDS
from tests.stripe_stories.families import CLOVER, Family
from worker import schedule

from .conftest import Meet

BY = Cause("request:test", datetime.now(UTC))
CYCLES = {"type": "recurring", "bps": 2000, "max_cycles": 12}
MONTHS = {"type": "percentage", "bps": 2000, "max_months": 12}


@pytest.fixture
def commission(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return getattr(request, "param", CYCLES)


@pytest.fixture
def family() -> Family:
    """One shape of documents is enough: what decides here are times."""
    return CLOVER


def remember(merchant: Merchant, first_paid_at: datetime | None, **named: str) -> None:
    """Record a customer's history in test money."""
    who = {"stripe_customer_id": None, "email": None, **named}
    with db.transaction() as session:
        program = session.get_one(Program, merchant.program_id)
        customers.record(session, CLI, program, livemode=False, first_paid_at=first_paid_at, cause=BY, **who)


@pytest.mark.parametrize(("commission", "left"), [(CYCLES, 6), (MONTHS, 7)], indirect=["commission"])
def test_time_of_the_first_payment_alone_leaves_the_rest_of_twelve_months_in_any_order(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain, left: int
) -> None:
    """Six months of 30 days are behind; the documents of those months never arrive."""
    for order in permutations(("history", "renewals", "more renewals")):
        cleo = meet(subscription="ada")
        began_at = datetime.fromtimestamp(cleo.now, UTC)
        first = cleo.subscribes()
        sales = [first, *(cleo.renews(first) for _ in range(13))]
        for step in order:
            match step:
                case "history":
                    remember(merchant, began_at, stripe_customer_id=cleo.id)
                    schedule.settle_history()
                case "renewals":
                    deliver(event for sale in sales[6:10] for event in sale.events)
                case _:
                    deliver(event for sale in sales[10:] for event in sale.events)
            drain()
        with db.transaction() as session:
            told = books.read(session, cleo.token)
        assert told.balances == owed(ada=left * 980), order
    assert_ledger_sound()


def test_history_is_settled_after_every_transaction_that_read_nothing_of_it(merchant: Merchant) -> None:
    """A drain that began while the history was being recorded has a higher transaction id than that record."""
    with db.transaction() as drain:
        with db.transaction() as session:
            program = session.get_one(Program, merchant.program_id)
            at, named = datetime.now(UTC), {"stripe_customer_id": "cus_1", "email": None}
            customers.record(session, CLI, program, livemode=False, first_paid_at=at, cause=BY, **named)
            cutoffs.set_cutoff(session, CLI, program, livemode=False, cutoff_at=at, cause=BY)
            drain.execute(text("SELECT pg_current_xact_id()"))
            assert drain.scalars(text("SELECT id FROM customer_histories")).all() == []
        schedule.settle_history()
        assert unsettled() == (1, 1)
    schedule.settle_history()
    assert unsettled() == (0, 0)


def unsettled() -> tuple[int, int]:
    """How many histories and moved cut-offs are still to be settled."""
    with db.transaction() as session:
        histories = text("SELECT count(*) FROM customer_histories WHERE settled_at IS NULL")
        moves = text("SELECT count(*) FROM cutoff_moves")
        return session.scalars(histories).one(), session.scalars(moves).one()


def test_earlier_documents_that_arrive_later_are_not_counted_twice(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    cleo = meet(subscription="ada")
    began_at = datetime.fromtimestamp(cleo.now, UTC)
    first = cleo.subscribes()
    sales = [first, *(cleo.renews(first) for _ in range(13))]
    remember(merchant, began_at, stripe_customer_id=cleo.id)
    schedule.settle_history()
    for part in (sales[6:], sales[3:6], sales[:3]):
        deliver(event for sale in part for event in sale.events)
        drain()
        with db.transaction() as session:
            capped = [line.outcome for line in books.read(session, cleo.token).payments].count("cap_reached")
        assert capped == 2
    assert_ledger_sound()


def test_new_subscription_after_the_history_was_recorded_begins_at_its_first_cycle(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    cleo = meet(subscription="ada")
    began_at = datetime.fromtimestamp(cleo.now, UTC) - timedelta(days=900)
    remember(merchant, began_at, stripe_customer_id=cleo.id)
    with db.transaction() as session:
        long_ago = text("UPDATE customer_histories SET created_at = :at")
        session.execute(long_ago, {"at": datetime.fromtimestamp(cleo.now - 2 * MONTH_SECONDS, UTC)})
    first = cleo.subscribes()
    deliver(event for sale in (first, cleo.renews(first)) for event in sale.events)
    drain()
    with db.transaction() as session:
        assert books.read(session, cleo.token).balances == owed(ada=1960)


@pytest.mark.parametrize("commission", [MONTHS], indirect=True)
def test_customer_is_recognized_by_its_address_whichever_comes_first(
    merchant: Merchant, meet: Meet, deliver: Deliver, drain: Drain
) -> None:
    for order in permutations(("history", "address", "renewals")):
        cleo = meet(subscription="ada")
        address = f"{cleo.token}@customers.example"
        first = cleo.subscribes()
        late = cleo.renews(first)
        long_ago = datetime.fromtimestamp(cleo.now, UTC) - timedelta(days=360)
        shown = cleo.event("customer.updated", {"id": cleo.id, "object": "customer", "email": address}, cleo.now)
        for step in order:
            match step:
                case "history":
                    remember(merchant, long_ago, email=address.upper())
                    schedule.settle_history()
                case "address":
                    deliver([shown])
                case _:
                    deliver([*first.events, *late.events])
            drain()
        with db.transaction() as session:
            told = sorted(line.outcome for line in books.read(session, cleo.token).payments)
        assert told == ["accrued", "accrued"], order
        remember(merchant, long_ago - timedelta(days=10), email=address)
        schedule.settle_history()
        with db.transaction() as session:
            told = sorted(line.outcome for line in books.read(session, cleo.token).payments)
        assert told == ["accrued", "cap_reached"], order
    assert_ledger_sound()


@pytest.mark.parametrize(
    ("named", "param"),
    [
        ({}, "stripe_customer_id"),
        ({"email": "no address"}, "email"),
        ({"stripe_customer_id": "cus_1"}, "first_paid_at"),
    ],
)
def test_history_without_a_name_or_without_key_and_time_is_refused(
    merchant: Merchant, named: dict[str, str], param: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        remember(merchant, None if param == "first_paid_at" else datetime.now(UTC), **named)
    assert refused.value.param == param
