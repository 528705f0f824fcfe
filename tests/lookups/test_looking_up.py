"""What the drain finds missing is asked of Stripe, once, and settles what waited for it."""

import pytest
from sqlalchemy import text

from app import db
from app.config import Settings
from app.stripe_sync import lookups as domain
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Drain, Ledger
from tests.due import make_all_due
from tests.emulator.emulator import Emulator
from tests.outbox.listening import listen, recorded
from tests.stripe_stories.facts import Marks
from worker.stripe_sync import lookups

from .conftest import Connect, LookUp, looked_up, outcomes

LINKLESS = {"charge.succeeded", "invoice.paid", "payment_intent.succeeded"}


def test_customer_named_before_the_first_event_is_looked_up_and_credits_the_payment(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    cleo = shop.customer(marker="ada")
    connect()
    shop.subscribe(cleo)
    shop.deliver()
    drain()
    assert ledger().balances == {}
    assert look_up() == 1
    assert ledger().balances == owed(ada=980)
    assert shop.calls() == {"GET /v1/customers/{id}": 1}


@pytest.mark.parametrize("is_delivered_too", [False, True])
def test_what_a_look_up_finds_is_of_a_backfill_if_nothing_else_asked_for_it(
    merchant: Merchant,
    asking: Settings,
    shop: Emulator,
    connect: Connect,
    drain: Drain,
    look_up: LookUp,
    is_delivered_too: bool,
) -> None:
    endpoint = listen(merchant.organization_id, "commission.accrued", include_backfill=True)
    cleo = shop.customer(marker="ada")
    connect()
    subscription = shop.subscribe(cleo)
    shop.deliver()
    with db.transaction() as session:
        session.execute(text("UPDATE due_events SET is_backfill = true"))
    drain()
    if is_delivered_too:
        shop.renew(subscription)
        shop.deliver()
        drain()
    assert look_up() == 1
    with db.transaction() as session:
        found = {message.is_backfill for message in recorded(session, endpoint)}
    assert found == {not is_delivered_too}


def test_a_customer_whose_metadata_was_seen_is_not_asked_about(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain
) -> None:
    connect()
    shop.subscribe(shop.customer())
    shop.deliver()
    drain()
    assert looked_up() == []


def test_customer_is_looked_up_once_for_several_payments(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    cleo = shop.customer()
    connect()
    subscription = shop.subscribe(cleo)
    for _ in range(3):
        shop.deliver()
        drain()
        look_up()
        shop.renew(subscription)
    assert shop.calls() == {"GET /v1/customers/{id}": 1}


def test_renewals_of_a_bound_customer_request_no_lookup(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain
) -> None:
    connect()
    subscription = shop.subscribe(shop.customer(), marker="ada")
    for _ in range(3):
        shop.renew(subscription)
    shop.deliver()
    drain()
    assert looked_up() == []


def test_a_charge_whose_link_never_came_is_merged_into_its_invoice(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    connect(types=LINKLESS)
    sale = shop.subscribe(shop.customer(), marker="ada").first
    shop.deliver()
    drain()
    assert {one.kind for one in looked_up()} == {"invoice_link"}
    assert look_up() == 1
    books = ledger()
    assert books.balances == owed(ada=980)
    assert [line.kind for line in books.payments] == ["invoice"]
    assert outcomes()[f"charge.succeeded {sale.charge}"] == "merged"
    assert [one.is_done for one in looked_up()] == [True]


def test_a_refund_finds_its_invoice_although_the_link_was_lost(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    connect(types={"invoice.paid", "refund.created"})
    sale = shop.subscribe(shop.customer(), marker="ada").first
    shop.refund(sale, 2450)
    shop.deliver()
    drain()
    assert ledger().balances == owed(ada=980)
    look_up()  # the charge, which turns out to be unmarked
    look_up()  # its link
    assert ledger().balances == owed(ada=490)
    assert set(outcomes().values()) <= {"accrued", "adjusted", "merged", "bound", "no_change"}


def test_a_charge_that_paid_no_invoice_stops_waiting_at_once(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    cleo = shop.customer()
    connect()
    shop.subscribe(cleo)
    sale = shop.buy(cleo, 900, through_session=False)
    shop.deliver()
    drain()
    assert outcomes()[f"charge.succeeded {sale.charge}"] == "waiting"
    look_up()
    assert outcomes()[f"charge.succeeded {sale.charge}"] == "unattributed"
    (asked,) = [one for one in looked_up() if one.kind == "invoice_link"]
    assert (asked.is_done, asked.problem) == (True, lookups.NO_INVOICE)


def test_object_that_arrived_meanwhile_is_not_looked_up(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    endpoint = connect()
    shop.subscribe(shop.customer(), marker="ada")
    late = [event for event in endpoint.waiting if event.type == "invoice_payment.paid"]
    endpoint.waiting = [event for event in endpoint.waiting if event not in late]
    shop.deliver()
    drain()
    assert looked_up()
    endpoint.waiting = late
    shop.deliver()
    drain()
    look_up()
    assert shop.calls() == {}
    assert all(one.is_done and one.problem is None for one in looked_up())


def test_dispute_of_a_payment_older_than_the_inbox_is_settled(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    sale = shop.buy(shop.customer(), marks=Marks(payment="ada"))
    connect(types={"charge.dispute.created", "charge.dispute.funds_withdrawn"})
    shop.dispute(sale)
    shop.deliver()
    drain()
    assert set(outcomes().values()) == {"waiting"}
    look_up()
    assert ledger().balances == {}
    assert "waiting" not in outcomes().values()
    assert shop.calls() == {"GET /v1/charges/{id}": 1}


def test_without_a_key_no_lookup_is_queued(shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp) -> None:
    cleo = shop.customer(marker="ada")
    connect(types=LINKLESS)
    shop.refund(shop.subscribe(cleo).first)
    shop.deliver()
    drain()
    assert look_up() == 0
    assert looked_up() == []
    assert shop.asked == []


def test_an_answer_that_is_known_already_settles_nothing_twice(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    connect(types=LINKLESS)
    shop.subscribe(shop.customer(), marker="ada")
    shop.deliver()
    drain()
    look_up()
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET done_at = NULL, attempts = 0"))
        make_all_due(session)
    drain()
    look_up()
    assert ledger().balances == owed(ada=980)


def test_crash_between_fetch_and_record_loses_no_document(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger
) -> None:
    cleo = shop.customer(marker="ada")
    connect()
    shop.subscribe(cleo)
    shop.deliver()
    drain()
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET next_attempt_at = now()"))
    with db.transaction() as session:
        claimed = domain.claim(session)
    assert claimed is not None
    lookups._request(claimed)  # and here the process dies
    assert not lookups.do_next()  # its lease is respected
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET next_attempt_at = now()"))
    assert lookups.do_next()
    drain()
    assert ledger().balances == owed(ada=980)


def test_two_processes_claim_different_look_ups(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain
) -> None:
    connect(types={"invoice.paid"})
    for name in ("cleo", "dora"):
        shop.subscribe(shop.customer(name))
    shop.deliver()
    drain()
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET next_attempt_at = now()"))
    with db.transaction() as one, db.transaction() as other:
        first, second, third = domain.claim(one), domain.claim(other), domain.claim(other)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert third is None


def test_every_kind_of_object_has_a_place_to_ask() -> None:
    assert set(lookups.PATHS) == set(domain.OBJECTS)
