"""Ada's own rate changes: whom it is for, from when on, and that nothing she has earned moves."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.organizations import keys
from app.views import instant_text
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event
from worker import schedule

from .conftest import Meet

THIRTY = {"type": "percentage", "bps": 3000}
TEN = {"type": "percentage", "bps": 1000}
DAY_SECONDS = 86_400

Amend = Callable[..., None]
Happen = Callable[[Iterable[Event]], None]


@pytest.fixture
def amend(client: Any, merchant: Merchant) -> Amend:
    """Give Ada other terms through the API: `amend(THIRTY, applyTo="new_customers")`."""
    with db.transaction() as session:
        _, key = keys.create_key(session, merchant.organization_id, name="tests", level="manage")
    path = f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}"

    def amend(commission: dict[str, Any] | None = None, **body: Any) -> None:
        asked = body if "status" in body else {"commission": commission, **body}
        where, method = (path, "PATCH") if "status" in body else (f"{path}/commission-snapshot", "PUT")
        answer = client.open(where, method=method, json=asked, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text

    return amend


@pytest.fixture
def happen(deliver: Deliver, drain: Drain) -> Happen:
    """Stripe tells of something and we work it."""

    def happen(events: Iterable[Event]) -> None:
        deliver(events)
        drain()

    return happen


def from_now_on(customer: Customer, days: int = 0) -> Customer:
    """The customer, at a time after everything that was set up till now."""
    customer.now = int(datetime.now(UTC).timestamp()) + 60 + days * DAY_SECONDS
    return customer


def test_a_rate_for_new_customers_leaves_the_renewals_of_present_ones(
    meet: Meet, happen: Happen, ledger: Ledger, amend: Amend
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    happen(first.events)
    amend(THIRTY, applyTo="new_customers")
    dora = from_now_on(meet(subscription="ada"))
    happen(dora.subscribes().events)
    happen(from_now_on(cleo).renews(first).events)
    assert [line.amount_minor for line in ledger().commissions] == [980, 980, 1470]


def test_a_rate_for_all_holds_for_coming_payments_and_moves_no_past_one(
    meet: Meet, happen: Happen, ledger: Ledger, amend: Amend
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    happen(first.events)
    amend(THIRTY)
    happen(first.events)
    assert ledger().balances == owed(ada=980)
    happen(from_now_on(cleo).renews(first).events)
    assert ledger().balances == owed(ada=980 + 1470)
    happen(cleo.is_refunded(first, 2450).events)
    assert ledger().balances == owed(ada=490 + 1470)


def test_each_customer_keeps_the_rate_it_came_under_until_one_is_set_for_all(
    meet: Meet, happen: Happen, ledger: Ledger, amend: Amend
) -> None:
    """The table of docs/concepts/partners.md."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    happen(first.events)
    amend(THIRTY, applyTo="new_customers")
    dora = from_now_on(meet(subscription="ada"))
    firsts = {cleo: first, dora: dora.subscribes()}
    happen(firsts[dora].events)
    from_now_on(cleo)
    happen([event for one in firsts for event in one.renews(firsts[one]).events])
    assert ledger().balances == owed(ada=980 + 1470 + 980 + 1470)
    later = instant_text(datetime.now(UTC) + timedelta(days=50))
    amend(TEN, effectiveFrom=later)
    happen([event for one in firsts for event in one.renews(firsts[one]).events])
    assert ledger().balances == owed(ada=980 + 1470 + 980 + 1470 + 490 + 490)


def test_rate_is_that_of_the_time_of_payment_however_late_the_event_arrives(
    meet: Meet, happen: Happen, ledger: Ledger, amend: Amend
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    amend(THIRTY)
    happen(first.events)
    assert ledger().balances == owed(ada=980)


def test_future_rate_applies_from_its_effective_time(meet: Meet, happen: Happen, ledger: Ledger, amend: Amend) -> None:
    amend(THIRTY, effectiveFrom=instant_text(datetime.now(UTC) + timedelta(days=10)))
    for days, earned_minor in ((0, 980), (20, 980 + 1470)):
        happen(from_now_on(meet(subscription="ada"), days).subscribes().events)
        assert ledger().balances == owed(ada=earned_minor)


def test_the_order_of_events_does_not_decide_who_is_a_new_customer(
    meet: Meet, happen: Happen, ledger: Ledger, amend: Amend
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    amend(THIRTY, applyTo="new_customers")
    renewal = from_now_on(cleo).renews(first)
    happen([*reversed(renewal.events), *reversed(first.events)])
    assert sum(line.amount_minor for line in ledger().commissions) == 980 + 980


def test_a_paused_partner_earns_nothing_new_and_what_it_earned_follows_its_payments(
    meet: Meet, happen: Happen, ledger: Ledger, amend: Amend
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    happen(first.events)
    amend(status="deactivated")
    second = cleo.renews(first)
    happen(second.events)
    assert ledger().balances == owed(ada=980)
    happen(cleo.is_refunded(first, 2450).events)
    assert ledger().balances == owed(ada=490)
    amend(status="active")
    happen(second.events)
    assert ledger().balances == owed(ada=490), "what was settled while it was paused is judged once"
    happen(cleo.renews(first).events)
    assert ledger().balances == owed(ada=490 + 980)


@pytest.mark.parametrize("status", ["paused", "banned", "deactivated"])
def test_commission_matures_in_every_later_partner_status(
    meet: Meet, happen: Happen, ledger: Ledger, status: str
) -> None:
    happen(meet(subscription="ada").subscribes().events)
    with db.transaction() as session:
        session.execute(text("UPDATE partners SET status = :status WHERE slug = 'ada'"), {"status": status})
    schedule.approve_mature()
    assert ledger().balances == {("commission_expense", None, "usd"): 980, ("partner_payable", "ada", "usd"): 980}
