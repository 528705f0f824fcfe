"""However Stripe fares, drains go on; what cannot be known is shown with its reason."""

import threading

import pytest
from sqlalchemy import text

from app import db, jobs
from app.config import Settings
from app.stripe_sync import api_keys
from tests.books import owed
from tests.cast import Merchant, set_api_key
from tests.conftest import Drain, Ledger
from tests.emulator.emulator import Emulator
from tests.emulator.sales import Subscription
from tests.waiting import eventually, join
from worker import schedule, wakeups
from worker.stripe_sync import lookups

from .conftest import Connect, LookUp, looked_up


def want_customers(shop: Emulator, connect: Connect, drain: Drain, *names: str) -> list[Subscription]:
    """Subscriptions of customers whose metadata, with Ada's code, was written before we listened."""
    buyers = [shop.customer(name, marker="ada") for name in names]
    connect()
    subscriptions = [shop.subscribe(buyer) for buyer in buyers]
    shop.deliver()
    drain()
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET next_attempt_at = now()"))
    return subscriptions


def test_hanging_stripe_does_not_delay_the_drain(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, ledger: Ledger
) -> None:
    want_customers(shop, connect, drain, "cleo")
    fault = shop.faults.hang()
    asker = threading.Thread(target=lookups.do_next)
    asker.start()
    try:
        eventually(lambda: fault.struck > 0)
        shop.subscribe(shop.customer("dora"), marker="ben")
        shop.deliver()
        drain()  # while Stripe owes the other thread an answer
        assert asker.is_alive()
        assert ledger().balances == owed(ben=980)
    finally:
        shop.faults.clear()
        join(asker)
    (asked,) = looked_up()
    assert (asked.is_done, asked.is_due, asked.problem) == (False, False, {"problem": "stripe_unreachable"})


@pytest.mark.parametrize("fault", ["hang", "rate_limit", "fail", "drop", "speak_nonsense"])
def test_a_drain_of_the_same_customers_asks_nothing_and_succeeds_at_once(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, fault: str
) -> None:
    """While Stripe refuses requests about them, or leaves one without a response."""
    subscriptions = want_customers(shop, connect, drain, "cleo", "dora", "emil")
    struck = getattr(shop.faults, fault)()
    asker = threading.Thread(target=lookups.do_next)
    asker.start()
    try:
        eventually(lambda: struck.struck > 0)
        asked = len(shop.asked)
        for subscription in subscriptions:
            shop.renew(subscription)
        delivered = shop.deliver()
        assert drain() == len(delivered)
        assert len(shop.asked) == asked
        assert asker.is_alive() or fault != "hang"
    finally:
        shop.faults.clear()
        join(asker)
    with db.transaction() as session:
        tried = """SELECT count(*) FILTER (WHERE processed_at IS NULL), max(attempts), max(last_error::text)
                   FROM stripe_events"""
        assert session.execute(text(tried)).one() == (0, 0, None), "no batch was taken back"
    assert len(looked_up()) == 3


@pytest.mark.parametrize("fault", ["rate_limit", "fail", "drop", "speak_nonsense"])
def test_a_failure_that_passes_is_tried_again_later(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp, ledger: Ledger, fault: str
) -> None:
    want_customers(shop, connect, drain, "cleo")
    getattr(shop.faults, fault)(times=1)
    look_up()
    (asked,) = looked_up()
    assert (asked.is_done, asked.is_due, asked.attempts) == (False, False, 1)
    assert asked.problem
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET next_attempt_at = now()"))
    look_up()
    assert ledger().balances == owed(ada=980)
    assert looked_up()[0].is_done


def test_rate_limited_account_gets_no_requests(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain
) -> None:
    want_customers(shop, connect, drain, "cleo", "dora", "emil")
    shop.faults.rate_limit(retry_after_seconds=3000)
    while lookups.do_next():
        pass
    assert len(shop.asked) == 1
    assert not any(one.is_due or one.is_done for one in looked_up())


def test_lookup_with_a_key_without_permission_is_given_up_with_the_missing_permission(
    asking: Settings, merchant: Merchant, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    want_customers(shop, connect, drain, "cleo")
    set_api_key(merchant.organization_id, shop.restricted_key("charge_read"), asking)
    look_up()
    (asked,) = looked_up()
    assert asked.is_done
    assert "rak_customer_read" in str(asked.problem)


def test_lookups_with_removed_key_or_missing_object_are_given_up_with_the_reason(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    want_customers(shop, connect, drain, "cleo", "dora")
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET object_id = 'cus_gone' WHERE id = (SELECT min(id) FROM lookups)"))
    assert lookups.do_next()
    api_keys.disconnect()
    assert lookups.do_next()
    first, second = looked_up()
    assert first.problem == {"problem": "stripe_missing"}
    assert second.problem == {"problem": lookups.NO_KEY}
    assert first.is_done
    assert second.is_done


def test_test_money_never_comes_through_a_key_of_the_wrong_account(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, look_up: LookUp
) -> None:
    want_customers(shop, connect, drain, "cleo")
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET livemode = true"))
    look_up()
    (asked,) = looked_up()
    assert asked.is_done
    assert asked.problem == {"problem": lookups.NO_KEY}
    assert shop.asked == []


def test_clock_wakes_the_lookup_process(
    asking: Settings, shop: Emulator, connect: Connect, drain: Drain, ledger: Ledger
) -> None:
    want_customers(shop, connect, drain, "cleo")
    schedule.sweep_lookups()
    queue = jobs._Current.queues[jobs.STRIPE_QUEUE]
    assert [job.func_name for job in queue.jobs] == [jobs.LOOK_UPS.function]
    schedule.sweep_lookups()
    assert len(queue) == 1
    wakeups.run(jobs.LOOK_UPS)
    drain()
    assert ledger().balances == owed(ada=980)
