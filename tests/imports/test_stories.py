"""A merchant who moves: old links credit, what was owed is paid, and nobody earns twice."""

import json
from datetime import UTC, datetime
from threading import Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db, ids
from app.commissions.settling.settlement import Cause
from app.organizations.actors import CLI
from app.transfer.erasure import commands as erasure
from app.transfer.imports.working import job
from app.transfer.imports.working.job import OpenFile
from tests import books
from tests.books import owed
from tests.cast import Merchant
from tests.conftest import Deliver, Drain, Ledger, assert_ledger_sound
from tests.signups.saying import USER, bought, stated_by
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.waiting import join
from worker import schedule
from worker.payouts import reserving
from worker.transfer import imports

from .desk import Desk, told
from .lists import LISTS, MAPS, REWARDFUL
from .test_importing import state


@pytest.mark.parametrize("tool", LISTS)
def test_old_codes_lead_to_the_partner_in_links_beacons_and_metadata(
    desk: Desk, client: FlaskClient, deliver: Deliver, drain: Drain, ledger: Ledger, tool: str
) -> None:
    desk.imports(tool, LISTS[tool], map=MAPS[tool], cutoff_at="2026-01-01T00:00:00Z")
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example/'"))
    assert client.get("/r/Ann-2").headers["Location"].startswith("https://shop.example/?ref=")
    beacon = {"code": "annie", "session": "5f2c9a0b1d3e4f60", "landing": "https://shop.example/?via=annie"}
    seen = client.post("/v1/touchpoints", data=json.dumps(beacon), headers={"Origin": "https://shop.example"})
    assert seen.status_code == 202
    cleo = Customer(CLOVER, Marks(subscription="ann-2"))
    deliver(cleo.subscribes().events)
    drain()
    [commission] = desk.caller.get("/api/v1/commissions").json["commissions"]
    assert commission["partnerId"] == desk.partners()["ann@affiliates.example"]["id"]
    with db.transaction() as session:
        [touched] = session.execute(
            text(
                "SELECT partner.slug FROM touchpoints JOIN partners AS partner ON partner.id = touchpoints.partner_id "
                "ORDER BY touchpoints.id DESC LIMIT 1"
            )
        ).scalars()
    assert touched == "annie"


def test_opening_balances_are_paid_by_the_next_run(desk: Desk) -> None:
    desk.imports("rewardful", REWARDFUL)
    schedule.settle_history()  # payouts wait for it
    run = desk.caller.post(f"{desk.program}/payouts").json["data"]
    reserving.work_slice(60)
    [payout] = desk.caller.get(f"/api/v1/payout-runs/{run['id']}").json["data"]["payouts"]
    assert (payout["gross_cents"], payout["method"]) == (4250, "paypal")
    paid = desk.caller.post(f"/api/v1/payouts/{payout['id']}/confirm", {"reference": "4XK7"})
    assert paid.json["status"] == "paid", paid.text
    assert desk.balance("ann@affiliates.example") == {"usd": 0}
    assert_ledger_sound()
    desk.imports("rewardful", REWARDFUL)
    assert desk.balance("ann@affiliates.example") == {"usd": 0}


def test_invoices_before_the_cutoff_earn_nothing_and_later_ones_do(
    desk: Desk, merchant: Merchant, deliver: Deliver, drain: Drain
) -> None:
    cleo = Customer(CLOVER, Marks(subscription="annie"))
    first = cleo.subscribes()
    second = cleo.renews(first)
    cutoff = datetime.fromtimestamp(min(event["created"] for event in second.events) - 60, UTC)
    desk.imports("rewardful", REWARDFUL, cutoff_at=cutoff.isoformat())
    deliver([*first.events, *second.events])
    drain()
    schedule.settle_history()
    with db.transaction() as session:
        shown = books.read(session, cleo.token)
    assert sorted(line.outcome for line in shown.payments) == ["accrued", "before_cutoff"]
    assert_ledger_sound()


@pytest.mark.parametrize("way", ["stripe_customer_id", "email", "subscription"])
@pytest.mark.parametrize("is_known_before", [True, False])
def test_imported_customer_earns_for_its_partner_whether_or_not_an_event_has_named_it(
    desk: Desk, deliver: Deliver, drain: Drain, ledger: Ledger, way: str, is_known_before: bool
) -> None:
    cleo = Customer(CLOVER)
    sale = bought(cleo, way)
    stated = {"customer_id": USER, "stripe_customer_id": "", "email": "", **stated_by(way, cleo)}
    row = f"ann@affiliates.example,annie,{USER},{stated['stripe_customer_id']},{stated['email']},lead,2026-01-02\n"
    header = (
        "affiliate_email,affiliate_code,customer_id,stripe_customer_id,customer_email,customer_status,referred_at\n"
    )
    people = {"people.csv": "affiliate_email,affiliate_code\nann@affiliates.example,annie\n", "c.csv": header + row}
    if is_known_before:
        deliver(sale.events)
        drain()
    desk.imports("csv", people, cutoff_at="2026-01-01T00:00:00Z")
    schedule.settle_history()
    schedule.settle_signups()
    if not is_known_before:
        deliver(sale.events)
        drain()
    assert ledger().balances == owed(annie=980)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_killed_job_goes_on_where_it_stopped_without_doubles(desk: Desk, rows: int) -> None:
    sent = desk.send("rewardful", REWARDFUL).json["data"]
    opened, progress = OpenFile(), []
    for is_killed in (False, True, False, True):
        with db.transaction() as session:
            claimed = job.claim(session)
            assert claimed is not None
            job.work_batch(session, claimed, opened, rows=rows)
            if is_killed:
                session.rollback()
        progress.append(desk.shown(sent["id"])["rows_done"])
    second = min(rows, 2) + (rows if rows == 1 else min(rows, 4))  # a batch ends with its file
    assert progress == [min(rows, 2)] * 2 + [second] * 2
    imports.work_slice(600)
    done = desk.shown(sent["id"])
    assert (done["status"], done["rows_done"]) == ("finished", 11)
    whole = desk.imports("rewardful", REWARDFUL)
    assert whole["sentence"] == "Nothing to change: 11 rows were read, and they say nothing new."
    assert (done["affiliates"]["created"], done["customers"]["created"], done["balances"]["created"]) == (2, 3, 2)
    assert told(done) == told(whole)
    assert state()["owed"] == 4250


def test_imports_of_a_program_are_worked_on_one_after_another(desk: Desk) -> None:
    first, second = (desk.send("rewardful", REWARDFUL).json["data"]["id"] for _ in range(2))
    with db.transaction() as working:
        claimed = job.claim(working)
        assert claimed is not None
        assert ids.encode(ids.IMPORT, claimed.id) == first
        job.work_batch(working, claimed, OpenFile())
        other = Thread(target=imports.work_slice, args=(60,))
        other.start()
        join(other)
    assert [desk.shown(one)["rows_done"] for one in (first, second)] == [2, 0]
    imports.work_slice(60)
    assert [desk.shown(one)["balances"]["created"] for one in (first, second)] == [2, 0]
    assert [desk.shown(one)["refused"] for one in (first, second)] == [0, 0]


def test_erased_people_are_not_imported_again(desk: Desk, merchant: Merchant) -> None:
    desk.imports("rewardful", {"affiliates.csv": REWARDFUL["affiliates.csv"]})
    with db.transaction() as session:
        begun = erasure.begin(session, CLI, merchant.organization_id, "ann@affiliates.example")
    with db.transaction() as session:
        erasure.finish(session, begun, Cause("test", datetime.now(UTC)))
    done = desk.imports("rewardful", REWARDFUL)
    assert "affiliates.csv:2 erased" in told(done)
    with db.transaction() as session:
        stored = list(session.execute(text("SELECT source_id FROM imported_affiliates")).scalars())
    assert stored == ["a-2"]
