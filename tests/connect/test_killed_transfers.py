"""Processes that transfer are killed at random moments, while Stripe fails too: each payout is transferred once.

The suite kills a few times in a few payouts, `make proofs` fifty times in 2,000.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app import db, ids, jobs
from app.config import Settings
from app.payouts.connect import transfers as rows
from tests.api.sales import sell
from tests.cast import Merchant, enroll
from tests.conftest import Ledger, Tally
from tests.emulator.accounts import Recipient as StripeRecipient
from tests.emulator.accounts import hold
from tests.emulator.emulator import Emulator
from tests.faults.processes import Staff, kill_9
from tests.maturing import clock
from tests.payouts.till import Till
from tests.waiting import eventually

from .conftest import Work, make_transfers_due
from .transfers import CREATE

pytestmark = [pytest.mark.proof, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

SEED = 20_261_128
PROCESSES = 2
NET = 980

_JOIN = text("""
    WITH made AS (
        INSERT INTO organizations (id, kind, name) SELECT partner_id, 'affiliate', 'one' FROM unnest(:ids) AS partner_id
        RETURNING id
    ), joined AS (
        UPDATE partners SET partner_organization_id = partners.id FROM made WHERE partners.id = made.id
        RETURNING partners.id, partners.organization_id
    ), opened AS (
        INSERT INTO connected_accounts (id, organization_id, partner_organization_id, livemode, country, agreement,
                                        stripe_account_id, transfers)
        SELECT id, organization_id, id, false, 'US', 'full', 'acct_' || replace(id::text, '-', ''), 'active' FROM joined
    )
    INSERT INTO payout_methods (partner_id, organization_id, method) SELECT id, organization_id, 'stripe' FROM joined
""")
_STATES = text("SELECT status, count(*) AS payouts FROM payouts GROUP BY status")


@pytest.fixture
def holdback_days() -> int:
    return 0


@pytest.fixture
def staff(asking: Settings, tmp_path: Path) -> Iterator[Staff]:
    """Processes with this test's settings, whose Stripe is the emulator."""
    environment = {
        "DATABASE_URL": asking.database_url,
        "REDIS_URL": asking.redis_url,
        "ACCRUAL_SECRET_KEY": asking.secret_key.get_secret_value(),
        "ACCRUAL_DATA_DIR": str(asking.data_dir),
        "ACCRUAL_LOG_FORMAT": "json",
        "ACCRUAL_STRIPE_API_BASE": asking.stripe_api_base,
        "ACCRUAL_PAYOUTS_LIVE": "true",
    }
    staff = Staff(environment, tmp_path / "staff.log")
    yield staff
    staff.dismiss()


def claim_briefly() -> None:
    """In a new process: claims end soon, so that what a killed one held is taken up while others are killed."""
    rows.LEASE_SECONDS = 3  # type: ignore[misc]
    rows.LONGEST_WAIT_SECONDS = 2  # type: ignore[misc]
    rows.FIRST_WAIT_SECONDS = 1  # type: ignore[misc]


def test_killed_processes_transfer_each_payout_once(
    merchant: Merchant,
    till: Till,
    shop: Emulator,
    staff: Staff,
    transfer: Work,
    ledger: Ledger,
    tally: Tally,
    pytestconfig: pytest.Config,
) -> None:
    payouts, kills = (2_000, 50) if pytestconfig.getoption("--proofs") else (24, 2)
    accounts = open_accounts(merchant, shop, payouts)
    clock(_now())
    run = till.runs()
    reserved = provider_ids()
    assert len(reserved) == payouts
    break_now_and_then(shop)
    kill_at_random(staff, payouts, kills)
    shop.faults.clear()
    finish(transfer, payouts)
    sent = every_transfer(shop)
    assert Counter(one.transfer_group for one in sent) == dict.fromkeys(reserved, 1)
    assert {(one.amount, one.currency) for one in sent} == {(NET, "usd")}
    assert Counter(one.destination for one in sent) == dict.fromkeys(accounts, 1)
    assert provider_ids() == {one.transfer_group: one.id for one in sent}
    assert till.sees_run(run["id"])["status"] == "completed"
    paid = {("partner_paid", f"p{number}", "usd"): NET for number in range(payouts)}
    assert ledger().balances == paid | {("commission_expense", None, "usd"): payouts * NET}
    tally("payouts transferred once", payouts)
    tally("kills of processes that transfer", kills)
    tally("calls that would have made a transfer", shop.calls()[CREATE])
    tally("looks for a transfer by its group", shop.calls()["GET /v1/transfers"])


def open_accounts(merchant: Merchant, shop: Emulator, count: int) -> list[str]:
    """Partners with an account that can receive, and a sale each; gives the accounts."""
    chosen: list[UUID] = []
    for number in range(count):
        with db.transaction() as session:
            chosen.append(enroll(session, merchant, f"p{number}"))
            sell(session, merchant, f"p{number}", number + 1)
    with db.transaction() as session:
        session.execute(_JOIN, {"ids": chosen})
    made = [f"acct_{partner_id.hex}" for partner_id in chosen]
    for account in made:
        found = StripeRecipient(account, ("", False), shop.now, "US", "full", {}, None, {}, transfers="active", owed=[])
        shop.world.recipients[account] = found
        shop.world.families[account] = shop.family
        hold(shop.world, found)
    return made


def break_now_and_then(shop: Emulator) -> None:
    """Stripe fails now and then, before and after it has done what it was asked."""
    shop.faults.fail(500, every=17, route=CREATE, after_effect=True)
    shop.faults.drop(every=23, route=CREATE, after_effect=True)
    shop.faults.fail(500, every=29, route=CREATE)
    shop.faults.drop(every=31, route=CREATE)
    shop.faults.repeat(route=CREATE)
    shop.faults.rate_limit(every=41, route="GET /v1/accounts/{id}")
    shop.faults.fail(503, every=43, route="GET /v1/transfers")


def kill_at_random(staff: Staff, payouts: int, kills: int) -> None:
    """Kill one of the processes again and again while the payouts are transferred, and start another."""
    chance = random.Random(SEED)
    working = [staff.asker(claim_briefly) for _ in range(PROCESSES)]
    for kill in range(kills):
        goal = payouts * (kill + 1) // (kills + 2)
        eventually(lambda goal=goal: _woken() and statuses()["paid"] >= goal)
        time.sleep(chance.random() / 20)
        unlucky = chance.randrange(PROCESSES)
        kill_9(working[unlucky])
        working[unlucky] = staff.asker(claim_briefly)
    for process in working:
        kill_9(process)


def _woken() -> bool:
    """As the clock does: a killed process leaves its job unfinished."""
    jobs.sweep(jobs.TRANSFERS)
    time.sleep(0.1)
    return True


def finish(transfer: Work, payouts: int) -> None:
    """Let every claim of a dead process end, and do the rest here."""
    while statuses()["paid"] < payouts:
        make_transfers_due()
        assert transfer() > 0


def statuses() -> Counter[str]:
    with db.transaction() as session:
        return Counter({row.status: row.payouts for row in session.execute(_STATES)})


def provider_ids() -> dict[str, str | None]:
    """Which transfer each payout has."""
    with db.transaction() as session:
        rows_of_all = session.execute(text("SELECT id, provider_id FROM payouts"))
        return {ids.encode(ids.PAYOUT, row.id): row.provider_id for row in rows_of_all}


def every_transfer(shop: Emulator) -> list[Any]:
    return list(shop.client().v1.transfers.list({"limit": 100}).auto_paging_iter())


def _now() -> Any:
    with db.transaction() as session:
        return session.scalar(text("SELECT now()"))
