"""Deliveries lost, fetched afterwards: the books are those of a shop that never missed one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.config import Settings
from app.errors import Conflict
from app.organizations.actors import CLI
from app.sentences import problems
from app.stripe_sync import api_keys, commands, runs
from app.stripe_sync.commands import HistoryRequest
from tests.books import Books, owed
from tests.cast import Merchant, set_api_key
from tests.conftest import Deliver, Drain, Ledger
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.emulator.expectation import expected
from tests.maturing import clock
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER, OLD_AND_NEW, Family
from worker import schedule
from worker.stripe_sync import backfill as backfilling
from worker.stripe_sync import client, run_requests
from worker.stripe_sync import runs as working

from .conftest import Backfill, Complete, claim, let_time_pass, stand


def deliver_in_order(shop: Emulator) -> None:
    """A day in which everything happens: subscriptions, sales, renewals out of turn, refunds, disputes."""
    first = shop.subscribe(shop.customer("cleo"), 4900, marker="ada")
    second = shop.subscribe(shop.customer("dora"), 9900, marks=Marks(client_reference="ben"))
    third = shop.subscribe(shop.customer("emil", marker="dan"), 2000, snapshot=False)
    sale = shop.buy(shop.customer("fay"), 12_000, marker="ada")
    shop.buy(shop.customer("gil"), 3_000, marks=Marks(session="ben"), bill=Bill(3_000, tax_minor=570))
    shop.buy(shop.customer("hal"), 700)
    shop.refund(sale, 5_000)
    shop.fail_refund(shop.refund(first.first, 1_000))
    shop.lose(shop.dispute(second.first))
    shop.win(shop.dispute(third.first))
    shop.refund(shop.renew(first, on_time=False), 900)
    shop.renew(second, on_time=False)


def renew_for_months(shop: Emulator) -> None:
    """Half a year of it, up to now."""
    subscriptions = [
        shop.subscribe(shop.customer("ina"), 4900, marker="ada"),
        shop.subscribe(shop.customer("jon", marker="ben"), 1900, snapshot=False),
    ]
    for _ in range(4):
        for subscription in subscriptions:
            shop.renew(subscription)


def count_events() -> int:
    with db.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM stripe_events")) or 0


@pytest.mark.parametrize("family", OLD_AND_NEW, ids=lambda family: family.name)
def test_backfill_after_an_outage_gives_the_same_ledger_as_without_it(
    shop: Emulator,
    receiving: Endpoint,
    family: Family,
    backfill: Backfill,
    complete: Complete,
    drain: Drain,
    ledger: Ledger,
    forget: Callable[[], None],
) -> None:
    shop.upgrade(family)
    deliver_in_order(shop)
    shop.deliver()
    with receiving.down():
        deliver_in_order(shop)
        shop.deliver()
    receiving.give_up()
    deliver_in_order(shop)
    shop.deliver()
    drain()
    assert_backfilled = ledger()
    complete(backfill(22))
    assert ledger() != assert_backfilled
    found = ledger()
    assert (found.balances, found.commissions) == _expected(shop)
    again = complete(backfill(22))
    assert again.counts["new"] == 0
    assert ledger() == found
    assert found == _of_the_twin(shop, receiving, drain, ledger, forget)


def _expected(shop: Emulator) -> tuple[Any, Any]:
    books = expected(shop)
    return books.balances, books.commissions


def _of_the_twin(
    shop: Emulator, receiving: Endpoint, drain: Drain, ledger: Ledger, forget: Callable[[], None]
) -> Books:
    """The books of a shop at which every event arrived."""
    forget()
    for event in shop.events:
        if event.is_given_in(receiving.family):
            assert receiving.send(event).succeeded
    drain()
    return ledger()


def test_backfill_from_objects_gives_the_ledger_of_their_events(
    shop: Emulator,
    receiving: Endpoint,
    backfill: Backfill,
    complete: Complete,
    drain: Drain,
    ledger: Ledger,
    forget: Callable[[], None],
) -> None:
    shop.advance(days=-150)
    deliver_in_order(shop)
    renew_for_months(shop)
    receiving.give_up()
    complete(backfill(200))
    found = ledger()
    assert (found.balances, found.commissions) == _expected(shop)
    assert complete(backfill(200)).counts["new"] == 0
    assert ledger() == found
    assert found == _of_the_twin(shop, receiving, drain, ledger, forget)


def test_a_connected_accounts_history_is_read_with_its_own_account_named(
    shop: Emulator, merchant: Merchant, with_key: Settings, complete: Complete, ledger: Ledger
) -> None:
    del with_key
    connected = shop.connected("acct_1")
    connected.subscribe(connected.customer("kim"), 4900, marker="ada")
    shop.subscribe(shop.customer("cleo"), 4900, marker="ben")
    asked = HistoryRequest(merchant.organization_id, account="acct_1", since=datetime.now(UTC) - timedelta(days=22))
    with db.transaction() as session:
        run = commands.request_backfill(session, CLI, asked, dry_run=False)
    complete(run)
    assert ledger().balances == owed(ada=980)


def test_dry_run_reports_what_it_would_post_and_changes_nothing(
    shop: Emulator, backfill: Backfill, complete: Complete, ledger: Ledger
) -> None:
    deliver_in_order(shop)
    rehearsed = complete(backfill(22, dry_run=True))
    assert count_events() == 0
    assert ledger().payments == ()
    posted = complete(backfill(22))
    assert rehearsed.counts["new"] == posted.counts["new"]
    assert rehearsed.counts["posts"] == {"usd": ledger().balances["commission_expense", None, "usd"]}
    assert rehearsed.counts["batches"] == 1
    assert sum(rehearsed.counts["outcomes"].values()) == rehearsed.counts["new"]


def test_dry_run_over_known_events_would_post_nothing(
    shop: Emulator, receiving: Endpoint, backfill: Backfill, complete: Complete, drain: Drain
) -> None:
    del receiving
    deliver_in_order(shop)
    shop.deliver()
    drain()
    assert complete(backfill(22, dry_run=True)).counts["posts"] == {}


def test_too_many_requests_only_take_longer(
    shop: Emulator, backfill: Backfill, complete: Complete, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.01)
    deliver_in_order(shop)
    struck = shop.faults.rate_limit(3)
    complete(backfill(22))
    assert struck.struck == 3
    found = ledger()
    assert (found.balances, found.commissions) == _expected(shop)


def test_run_shows_that_stripe_limits_the_rate(
    shop: Emulator, backfill: Backfill, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[dict[str, Any] | None] = []
    run = backfill(22)
    monkeypatch.setattr(run_requests.time, "sleep", lambda _: said.append(stand(run).problem))
    shop.faults.rate_limit(1, retry_after_seconds=7)
    complete(run)
    assert said[0] == {"problem": "stripe_asks_to_wait", "count": 7}
    assert stand(run).problem is None


def test_run_continues_where_it_was_after_stripe_was_unreachable(
    shop: Emulator, backfill: Backfill, complete: Complete, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.get.__kwdefaults__, "tries", 1)
    deliver_in_order(shop)
    run = backfill(22)
    shop.faults.fail(503, times=1)
    assert working.work_slice(1)
    assert (stand(run).state, stand(run).problem) == ("queued", {"problem": "stripe_failed", "status": 503})
    assert not working.work_slice(1), "it rests"
    with db.transaction() as session:
        session.execute(text("UPDATE stripe_runs SET due_at = now()"))
    complete(run)
    found = ledger()
    assert (found.balances, found.commissions) == _expected(shop)


def test_a_key_that_may_not_read_ends_the_run_with_the_reason(
    shop: Emulator, merchant: Merchant, backfill: Backfill, with_key: Settings
) -> None:
    run = backfill(22)
    set_api_key(merchant.organization_id, shop.restricted_key("charge_read"), with_key)
    assert working.work_slice(1)
    assert stand(run).state == "failed"
    assert "may not read this (403)" in str(problems.sentence(stand(run).problem))


@pytest.mark.parametrize(("livemode", "kind"), [(None, ""), (True, "live "), (False, "test ")])
def test_without_a_key_no_request_is_sent_and_the_command_that_gives_one_is_named(
    merchant: Merchant, settings: Settings, livemode: bool | None, kind: str
) -> None:
    api_keys.connect(settings)
    asked = HistoryRequest(merchant.organization_id, livemode=livemode, since=datetime.now(UTC) - timedelta(days=1))
    refusal = f"^no {kind}webhook endpoint has a Stripe API key; give it one with `accrual endpoints key whe_"
    with db.transaction() as session, pytest.raises(Conflict, match=refusal):
        commands.request_backfill(session, CLI, asked, dry_run=False)


def test_backfill_of_a_dead_worker_is_resumed(
    shop: Emulator, backfill: Backfill, complete: Complete, ledger: Ledger
) -> None:
    for _ in range(8):
        deliver_in_order(shop)
    run = backfill(22)
    assert backfilling.step(claim()) is not None
    read = len(shop.asked)
    let_time_pass(seconds=runs.STALE_SECONDS + 1)
    schedule.wake_due_runs()
    complete(run)
    queries = [asked.params for asked in shop.asked]
    assert len({str(query) for query in queries}) == len(queries), "no page is read twice"
    assert read == 1
    found = ledger()
    assert (found.balances, found.commissions) == _expected(shop)


def test_while_a_backfill_is_unfinished_the_clock_approves_nothing(
    shop: Emulator, deliver: Deliver, drain: Drain, backfill: Backfill, complete: Complete
) -> None:
    """A sale whose holdback has ended waits for the returns that the backfill may fetch. A dry run holds nothing."""
    deliver_in_order(shop)
    complete(backfill(22, dry_run=True))
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    dry_run = backfill(23, dry_run=True)
    run = backfill(22)
    assert clock(datetime.now(UTC)) == 0
    complete(dry_run)
    assert working.work_slice(1), "everything is read, nothing is settled"
    assert stand(run).phase == backfilling.SETTLING
    assert clock(datetime.now(UTC)) == 0
    complete(run)
    assert clock(datetime.now(UTC)) == 1


def test_an_unfinished_dry_run_holds_no_approval_back(deliver: Deliver, drain: Drain, backfill: Backfill) -> None:
    deliver(Customer(CLOVER, Marks(subscription="ada")).subscribes().events)
    drain()
    assert backfill(22, dry_run=True).finished_at is None
    assert clock(datetime.now(UTC)) == 1


def test_refunds_and_disputes_are_listed_first(shop: Emulator, backfill: Backfill, complete: Complete) -> None:
    shop.advance(days=-60)
    deliver_in_order(shop)
    complete(backfill(90))
    paths = list(dict.fromkeys(asked.path for asked in shop.asked))
    assert set(paths[:4]) == {"/v1/refunds", "/v1/disputes", "/v1/credit_notes", "/v1/radar/early_fraud_warnings"}
