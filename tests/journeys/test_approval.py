"""When a commission becomes payable: the holdback, holds, and decisions of people."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.decisions import approval, maturing
from app.commissions.models import Conversion
from app.commissions.settling import rows
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, InvalidRequest
from app.ledger import posting
from app.ledger.positions import Line
from app.ledger.posting import Entry
from app.payments.models import Payment
from tests.books import Balances, owed
from tests.cast import HOLDBACK_DAYS
from tests.conftest import Deliver, Drain, Ledger
from tests.maturing import clock
from tests.properties.two_drains import CommitBarrier
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Event, Marks, Purchase
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory, warning
from tests.waiting import eventually
from worker.inbox.drain import work_batch

from .conftest import Meet

PERSON = "key_of_somebody"


def day(sale: Purchase, days: int) -> datetime:
    """So many days after the sale."""
    return datetime.fromtimestamp(sale.paid_at, UTC) + timedelta(days=days)


def payable(minor: int) -> Balances:
    return {("partner_payable", "ada", "usd"): minor, ("commission_expense", None, "usd"): minor}


def conversion_of(session: Session, sale: Purchase) -> Conversion:
    """The standing conversion of a sale."""
    found = select(Conversion).join(Payment, Payment.id == Conversion.payment_id)
    named = [f"invoice:{sale.invoice}", f"pi:{sale.payment_intent}"]
    return session.scalars(found.where(Payment.key.in_(named), Payment.merged_into_id.is_(None))).one()


def approve(sale: Purchase, *, force: bool = False, reason: str = "", now: datetime | None = None) -> None:
    with db.transaction() as session:
        by = Cause("request:r1", now or datetime.now(UTC))
        approval.approve(session, conversion_of(session, sale), by=by, decided_by=PERSON, force=force, reason=reason)


def reject(sale: Purchase, reason: str = "bought with a stolen card", now: datetime | None = None) -> None:
    with db.transaction() as session:
        by = Cause("request:r2", now or datetime.now(UTC))
        approval.reject(session, conversion_of(session, sale), by=by, decided_by=PERSON, reason=reason)


def test_the_clock_approves_on_the_day_the_holdback_ends_and_not_before(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    assert clock(day(first, HOLDBACK_DAYS) - timedelta(seconds=1)) == 0
    assert ledger().balances == owed(ada=980)
    assert clock(day(first, HOLDBACK_DAYS) + timedelta(minutes=1)) == 1
    assert ledger().balances == payable(980)
    assert clock(day(first, HOLDBACK_DAYS) + timedelta(minutes=2)) == 0
    with db.transaction() as session:
        row = session.execute(text("SELECT status, approved_at, mature_at FROM commissions")).one()
    assert (row.status, row.approved_at) == ("approved", row.mature_at)


def test_after_approval_refunds_come_off_what_is_payable_and_failures_give_it_back(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    deliver(first.events)
    drain()
    clock(day(first, HOLDBACK_DAYS))
    deliver(refund.events)
    drain()
    assert ledger().balances == payable(780)
    deliver(refund.failure)
    drain()
    assert ledger().balances == payable(980)


def test_an_open_dispute_holds_what_has_matured_until_it_is_won(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    dispute = DisputeStory(cleo, first)
    deliver((*first.events, dispute.opens()))
    drain()
    assert clock(day(first, 40)) == 0
    assert ledger().balances == owed(ada=980)
    deliver([dispute.closes("won")])
    drain()
    assert clock(day(first, 40)) == 1
    assert ledger().balances == payable(980)


def test_a_warning_holds_for_seventy_five_days(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver((*first.events, warning(cleo, first)))
    drain()
    assert clock(day(first, 74)) == 0
    assert clock(day(first, 76)) == 1
    assert ledger().balances == payable(980)


def test_a_warning_ends_with_a_refund(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver((*first.events, warning(cleo, first), *cleo.is_refunded(first, 1000).events))
    drain()
    clock(day(first, HOLDBACK_DAYS))
    assert ledger().balances == payable(780)


def test_a_person_approves_over_a_hold_only_by_force_and_with_a_reason(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver((*first.events, DisputeStory(cleo, first).opens()))
    drain()
    with pytest.raises(Conflict) as refused:
        approve(first)
    assert refused.value.code == "on_hold"
    with pytest.raises(InvalidRequest):
        approve(first, force=True)
    assert ledger().balances == owed(ada=980)
    approve(first, force=True, reason="the customer called")
    assert ledger().balances == payable(980)
    with pytest.raises(Conflict) as refused:
        approve(first, force=True, reason="again")
    assert refused.value.code == "nothing_to_approve"


def test_rejected_conversion_stays_rejected_through_events_until_approved(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    refund = cleo.is_refunded(first, 1000)
    deliver(first.events)
    drain()
    reject(first)
    assert ledger().balances == {}
    assert ledger().payments[0].outcome == "rejected"
    deliver((*refund.events, *refund.failure))
    drain()
    clock(day(first, 60))
    assert ledger().balances == {}
    approve(first)
    assert ledger().balances == payable(980)


def one_time_sale() -> tuple[list[Event], list[Event], Purchase]:
    """A marked PaymentIntent, then the rest of the sale: an invoice that it turns out to have paid."""
    sale = Customer(CLOVER, Marks(payment="ada")).buys(invoiced=True, through_session=False)
    intent = [event for event in sale.events if event["type"] == "payment_intent.succeeded"]
    return intent, [event for event in sale.events if event not in intent], sale


def test_a_rejection_survives_the_merge_into_an_invoice_that_came_late(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    intent, rest, sale = one_time_sale()
    deliver(intent)
    drain()
    reject(sale)
    deliver(rest)
    drain()
    assert ledger().balances == {}
    assert [line.outcome for line in ledger().payments] == ["rejected"]


def test_an_approval_survives_the_merge_and_what_it_adds_is_payable(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    intent, rest, sale = one_time_sale()
    deliver(intent)
    drain()
    clock(day(sale, HOLDBACK_DAYS + 1))
    deliver(rest)
    drain()
    assert ledger().balances == payable(980)


def test_the_clock_approves_a_payment_that_is_linked_to_its_invoice_while_the_clock_waits_for_the_lock(
    deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    intent, rest, sale = one_time_sale()
    deliver(intent)
    drain()
    with db.transaction() as session:
        walk = maturing.begin(session, now=day(sale, HOLDBACK_DAYS + 1))
    deliver(rest)
    barrier = CommitBarrier(db.engine())
    with barrier.installed(), ThreadPoolExecutor(1) as pool:
        drained = pool.submit(work_batch)
        eventually(lambda: barrier.is_holding)
        with db.transaction() as session:
            assert maturing.settle_next(session, walk).settled == 1
            barrier.ended()
        assert drained.result() == len(rest)
    assert barrier.blocked == 1
    assert ledger().balances == payable(980)


def test_commission_in_a_payout_cannot_be_rejected(meet: Meet, deliver: Deliver, drain: Drain) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    clock(day(first, HOLDBACK_DAYS))
    reserve(first)
    with pytest.raises(Conflict) as refused:
        reject(first)
    assert refused.value.code == "in_payout"


def reserve(sale: Purchase) -> None:
    """What a payout does first: the payable goes to clearing."""
    with db.transaction() as session:
        conversion = conversion_of(session, sale)
        [commission] = rows.load_commissions(session, [conversion.id])[conversion.id]
        lines = [Line("partner_payable", 980), Line("payout_clearing", -980)]
        entry = Entry(
            key=f"{ids.encode(ids.PAYOUT, ids.new())}:reserve",
            kind="payout",
            program_id=commission.program_id,
            partner_id=commission.partner_id,
            partner_organization_id=None,
            currency="usd",
            parts=[(commission.id, lines)],
            occurred_at=day(sale, 31),
            cause="job:payout",
            details={},
        )
        posting.post(session, conversion.organization_id, [entry], livemode=False)


def test_rejecting_takes_a_reason_and_twice_is_once(meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger) -> None:
    first = meet(subscription="ada").subscribes()
    deliver(first.events)
    drain()
    with pytest.raises(InvalidRequest):
        reject(first, reason="")
    reject(first)
    reject(first)
    assert ledger().balances == {}


def test_clock_approves_nothing_while_the_inbox_is_behind(meet: Meet, deliver: Deliver, drain: Drain) -> None:
    """What lies there unworked may be the refund."""
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    deliver(first.events)
    drain()
    deliver(cleo.is_refunded(first, 4900).events)
    with db.transaction() as session:
        session.execute(text("UPDATE due_events SET next_attempt_at = :due"), {"due": day(first, 39)})
    assert clock(day(first, 40)) == 0
    drain()
    assert clock(day(first, 40)) == 0


def test_a_year_that_was_filled_in_later_is_mature_at_once(
    meet: Meet, deliver: Deliver, drain: Drain, ledger: Ledger
) -> None:
    cleo = meet(subscription="ada")
    first = cleo.subscribes()
    second = cleo.renews(first)
    deliver((*first.events, *second.events))
    drain()
    assert clock(datetime.now(UTC)) == 2
    assert ledger().balances == payable(1960)
