"""The books beside Stripe: agreement is said, every planted difference is found, and healing settles it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import db, ids
from app.organizations.actors import CLI
from app.stripe_sync import commands, runs
from app.stripe_sync.commands import HistoryRequest
from app.stripe_sync.models import Drift, StripeRun
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Bill, Marks
from tests.stripe_stories.families import CLOVER
from worker import schedule

from .conftest import Complete
from .test_backfill import deliver_in_order

pytestmark = pytest.mark.usefixtures("only_codes_are_stored")

Reconcile = Callable[..., list[Drift]]


@pytest.fixture
def reconcile(merchant: Merchant, with_key: object, complete: Complete) -> Reconcile:
    """Compare the shop's last so many days with Stripe; gives the differences."""
    del with_key

    def reconcile(days: float = 25, *, heal: bool = False) -> list[Drift]:
        asked = HistoryRequest(merchant.organization_id, since=datetime.now(UTC) - timedelta(days=days))
        with db.transaction() as session:
            run = commands.request_reconciliation(session, CLI, asked, heal=heal)
        run = complete(run)
        assert run.state == "finished", run.problem
        with db.transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM stripe_runs_seen")) == 0
            return list(runs.drifts(session, run.id, limit=1000).rows)

    return reconcile


def summaries(found: list[Drift]) -> set[tuple[str, str, int | None, int | None]]:
    return {(drift.kind, drift.stripe_id, drift.stripe_minor, drift.our_minor) for drift in found}


@pytest.fixture
def settled(shop: Emulator, receiving: Endpoint, drain: Drain) -> Endpoint:
    """All events so far are delivered and settled."""
    deliver_in_order(shop)
    shop.deliver()
    drain()
    return receiving


def test_books_that_agree_with_stripe_show_no_difference(settled: Endpoint, reconcile: Reconcile) -> None:
    del settled
    assert reconcile() == []


@pytest.mark.parametrize("is_delivered", [True, False])
def test_money_outside_stripe_is_reconciled_as_stripe_lists_it(
    shop: Emulator, receiving: Endpoint, drain: Drain, reconcile: Reconcile, is_delivered: bool
) -> None:
    """Of 100.00, 60.00 were wired: the books hold 40.00, or 100.00 as long as the payment record was not delivered."""
    sale = shop.subscribe(shop.customer(), bill=Bill(net_minor=10_000, part_outside_minor=6000)).first
    if not is_delivered:
        receiving.waiting[:] = [event for event in receiving.waiting if event.type != "invoice_payment.paid"]
    shop.deliver()
    drain()
    lost = {("amount_differs", str(sale.invoice), 4000, 10_000)}
    assert summaries(reconcile(heal=True)) >= (set() if is_delivered else lost)
    assert reconcile() == []


def test_a_backfill_leaves_no_difference(
    shop: Emulator, merchant: Merchant, complete: Complete, reconcile: Reconcile
) -> None:
    deliver_in_order(shop)
    asked = HistoryRequest(merchant.organization_id, since=datetime.now(UTC) - timedelta(days=25))
    with db.transaction() as session:
        run = commands.request_backfill(session, CLI, asked, dry_run=False)
    complete(run)
    assert reconcile() == []


def test_exactly_the_planted_differences_are_found_and_healed(
    shop: Emulator, settled: Endpoint, drain: Drain, ledger: Ledger, reconcile: Reconcile, deliver: Deliver
) -> None:
    with settled.down():
        lost = shop.subscribe(shop.customer("lea"), 5_000, marker="ada").first
        sold = shop.buy(shop.customer("max"), 2_500, marker="ben")
        known = next(one for one in shop.happened.purchases if one.bill.total_minor == 12_000)
        refund = shop.refund(known, 1_500)
        shop.deliver()
    settled.give_up()
    stranger = Customer(CLOVER, Marks(payment="dan"))
    stranger.now = shop.now
    forged = stranger.buys(through_session=False)
    deliver(forged.events)
    drain()
    with db.transaction() as session:
        tampered = next(one for one in shop.happened.purchases if one.bill.total_minor == 700)
        session.execute(
            text("UPDATE payments SET gross_minor = 800 WHERE key = :key"), {"key": f"pi:{tampered.payment_intent}"}
        )
    planted = {
        ("missing_here", lost.invoice, 5_000, None),
        ("missing_here", sold.charge, 2_500, None),
        ("missing_here", refund.id, 1_500, None),
        ("missing_at_stripe", forged.payment_intent, None, forged.bill.total_minor),
        ("amount_differs", tampered.charge, 700, 800),
    }
    assert summaries(reconcile()) == planted
    healed = reconcile(heal=True)
    assert summaries(healed) == planted
    assert {drift.kind for drift in healed if drift.healed_at is None} == {"missing_at_stripe"}
    assert {drift.kind for drift in reconcile()} == {"missing_at_stripe"}
    accrued = {partner: minor for (kind, partner, _), minor in ledger().balances.items() if kind == "partner_accrued"}
    totals = {"ada": lost.bill.total_minor, "ben": sold.bill.total_minor}
    assert all(accrued[partner] > minor * 20 // 100 for partner, minor in totals.items())


def test_a_payment_made_before_the_stretch_is_no_difference(
    shop: Emulator, settled: Endpoint, reconcile: Reconcile
) -> None:
    del shop, settled
    assert reconcile(days=20.99) == []


def test_a_refund_counted_wrong_is_found_once(settled: Endpoint, shop: Emulator, reconcile: Reconcile) -> None:
    del settled
    known = next(one for one in shop.happened.purchases if one.bill.total_minor == 12_000)
    with db.transaction() as session:
        counted = text("UPDATE payments SET returned_minor = 1 WHERE key = :key")
        session.execute(counted, {"key": f"pi:{known.payment_intent}"})
    assert summaries(reconcile()) == {("returned_differs", known.charge, 5_000, 1)}
    reconcile(heal=True)
    assert reconcile() == []


def test_the_clock_compares_once_a_day_where_there_is_a_key(
    merchant: Merchant, with_key: object, complete: Complete, reconcile: Reconcile
) -> None:
    del with_key, reconcile
    for _ in range(2):
        schedule.compare_daily()
    with db.transaction() as session:
        [run] = runs.list_runs(session, [merchant.organization_id], "reconcile", limit=10).rows
    assert (run.requested_by, run.livemode) == ("clock", False)
    assert complete(run).counts == {"compared": 0, "drifts": 0, "healed": 0}


def test_a_reconciliation_is_asked_for_and_read_through_the_api(
    shop: Emulator,
    settled: Endpoint,
    merchant: Merchant,
    caller_of: MakeCaller,
    reconcile: Reconcile,
    complete: Complete,
) -> None:
    del reconcile
    with settled.down():
        refund = shop.refund(shop.happened.purchases[3], 100)
    owner, stranger = caller_of(merchant), caller_of(merchant, "read")
    since = (datetime.now(UTC) - timedelta(days=25)).isoformat()
    asked = owner.post("/api/v1/reconciliations", {"since": since})
    assert asked.status_code == 201, asked.text
    run_id = asked.json["id"]
    complete(_stored(run_id))
    shown = owner.get(f"/api/v1/reconciliations/{run_id}").json
    assert [(one["kind"], one["stripe_id"], one["stripe_cents"]) for one in shown["drifts"]] == [
        ("missing_here", refund.id, 100)
    ]
    assert shown["has_more"] is False
    after = shown["drifts"][0]["id"]
    assert owner.get(f"/api/v1/reconciliations/{run_id}", starting_after=after).json["drifts"] == []
    assert owner.get(f"/api/v1/reconciliations/{run_id}", starting_after="drf_1").status_code == 400
    assert stranger.get(f"/api/v1/reconciliations/{run_id}").status_code == 403


def _stored(run_id: str) -> StripeRun:
    with db.transaction() as session:
        return session.get_one(StripeRun, ids.decode(run_id, ids.RUN))
