"""Exports and imports hold up nothing else, and an import goes on after its process and its wake-up are lost."""

import pytest
from sqlalchemy import Connection, Engine, text

from app import jobs
from app.config import Settings
from tests.api.conftest import MakeCaller, caller_of
from tests.cast import Merchant
from tests.imports.desk import Desk
from tests.imports.lists import REWARDFUL
from tests.waiting import eventually
from worker import schedule
from worker.transfer import imports

from .conftest import Valkey
from .processes import Staff, kill_9

__all__ = ["caller_of"]

MORE = {
    "people.csv": "affiliate_email,affiliate_code\ngus@affiliates.example,gus\nhal@affiliates.example,hal\n",
    "customers.csv": "affiliate_email,customer_id,customer_status\ngus@affiliates.example,u-8,lead\n",
}


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str) -> Settings:
    """Payouts are switched on."""
    changes = {"database_url": database_url, "redis_url": redis_url, "payouts_live": True}
    return any_settings.model_copy(update=changes)


@pytest.fixture
def desk(merchant: Merchant, caller_of: MakeCaller) -> Desk:
    return Desk(caller_of(merchant), merchant)


def is_waited_for(connection: Connection) -> bool:
    return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_payouts_wait_for_no_import_and_the_clock_continues_one_whose_process_and_queue_are_lost(
    desk: Desk, staff: Staff, valkey: Valkey, owner: Engine
) -> None:
    desk.imports("rewardful", REWARDFUL)
    schedule.settle_history()  # payouts wait for it
    sent = desk.send("csv", MORE).json["data"]["id"]
    with owner.connect() as holding:
        holding.execute(text("SELECT FROM import_files WHERE rows_done = 0 AND position = 2 FOR UPDATE"))
        archivist = staff.archivist()
        eventually(lambda: is_waited_for(holding))
        jobs.sweep(jobs.IMPORTS)  # another one waits behind it
        run = desk.caller.post(f"{desk.program}/payouts").json["data"]
        staff.asker()
        shown = f"/api/v1/payout-runs/{run['id']}"
        eventually(lambda: desk.caller.get(shown).json["data"]["status"] != "reserving")
        with valkey.client() as client:
            assert client.llen(f"rq:queue:{jobs.ARCHIVES_QUEUE}") == 1
        kill_9(archivist)
        valkey.crash()
    assert (desk.shown(sent)["status"], desk.shown(sent)["rows_done"]) == ("queued", 2)
    valkey.start()
    staff.clock()
    staff.archivist()
    eventually(lambda: desk.shown(sent)["status"] == "finished")
    assert (desk.shown(sent)["affiliates"]["created"], desk.shown(sent)["customers"]["created"]) == (2, 1)


def test_an_import_that_waits_in_the_queue_of_an_earlier_version_is_queued_again_in_its_own(
    desk: Desk, staff: Staff, valkey: Valkey
) -> None:
    sent = desk.send("rewardful", REWARDFUL).json["data"]["id"]
    former, own = (f"rq:queue:{name}" for name in (jobs.STRIPE_QUEUE, jobs.ARCHIVES_QUEUE))
    with valkey.client() as client:
        client.rename(own, former)
        staff.asker()
        eventually(lambda: not client.exists(former))
        assert desk.shown(sent)["rows_done"] == 0
        client.delete(jobs.IMPORTS.flag)  # it expires after ten seconds
    imports.sweep()
    staff.archivist()
    eventually(lambda: desk.shown(sent)["status"] == "finished")
