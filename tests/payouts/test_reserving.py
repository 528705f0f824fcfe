"""Runs that reserve: beside each other, killed, canceled, and while payouts are switched off."""

import threading
from datetime import UTC, datetime

from app import db, sealing
from app.payouts.reserving import reservation
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.waiting import join
from worker.payouts import reserving

from .till import Till, payout_of, set_payout


def test_run_that_was_begun_waits_while_payouts_are_switched_off_and_continues_afterwards(till: Till) -> None:
    till.owes("ada")
    begun = till.asks().json["data"]
    switched_on = sealing.of_process()
    sealing.connect(switched_on.model_copy(update={"payouts_live": False}))
    assert reserving.work_slice(1) is False
    waiting = till.sees_run(begun["id"])
    assert (waiting["status"], waiting["payouts"]) == ("reserving", [])
    sealing.connect(switched_on)
    reserving.work_slice(60)
    assert till.sees_run(begun["id"])["totals"][0]["net_cents"] == 980


def test_run_that_waits_for_the_switch_is_canceled(till: Till) -> None:
    till.owes("ada")
    begun = till.asks().json["data"]
    sealing.connect(sealing.of_process().model_copy(update={"payouts_live": False}))
    reserving.work_slice(1)
    answer = till.caller.post(f"/api/v1/payout-runs/{begun['id']}/cancel")
    assert (answer.status_code, answer.json["data"]["status"], answer.json["data"]["payouts"]) == (200, "canceled", [])


def test_one_run_of_a_program_reserves_at_a_time(till: Till) -> None:
    till.owes("ada")
    assert till.asks().status_code == 201
    answer = till.asks()
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "run_in_progress")
    reserving.work_slice(60)
    assert till.asks().status_code == 201


def test_two_runs_asked_for_at_once_are_one(till: Till, caller_of: MakeCaller, merchant: Merchant) -> None:
    till.owes("ada")
    tills = [Till(caller_of(merchant), merchant) for _ in range(6)]
    found: list[int] = []
    threads = [threading.Thread(target=lambda each=each: found.append(each.asks().status_code)) for each in tills]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert sorted(found) == [201, 409, 409, 409, 409, 409]


def test_jobs_that_reserve_at_once_reserve_everything_once(till: Till) -> None:
    for code in ("ada", "ben", "dan"):
        till.owes(code, 4900, 5000)
    run_id = till.asks().json["data"]["id"]
    threads = [threading.Thread(target=reserving.work_slice, args=(60,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    reserving.work_slice(60)
    run = till.sees_run(run_id)
    assert [one["gross_cents"] for one in run["payouts"]] == [1980, 1980, 1980]
    assert {till.holds(code)[1:3] for code in ("ada", "ben", "dan")} == {(0, 1980)}
    assert_ledger_sound()


def test_killed_job_loses_one_batch_and_the_next_one_continues(till: Till) -> None:
    for code in ("ada", "ben", "dan"):
        till.owes(code)
    run_id = till.asks().json["data"]["id"]
    batch(commits=True)
    batch(commits=False)
    assert [one["partner_id"] for one in till.sees_run(run_id)["payouts"]] == [till.partner("ada")]
    assert (till.holds("ada")[1:3], till.holds("ben")[1:3]) == ((0, 980), (980, 0))
    reserving.work_slice(60)
    assert len(till.sees_run(run_id)["payouts"]) == 3
    assert_ledger_sound()


def batch(*, commits: bool) -> None:
    """One batch of one partner, as a job does it; killed before it commits, or after."""
    with db.transaction() as session:
        run = reservation.claim(session)
        assert run is not None
        reservation.reserve_batch(session, run, partners=1)
        if not commits:
            session.rollback()


def test_canceled_run_pays_nothing_that_is_pending_and_stays_open_for_what_was_sent(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    ada, ben = (payout_of(run, till, code)["id"] for code in ("ada", "ben"))
    set_payout(ben, "sent", sent_at=datetime.now(UTC))
    answer = till.caller.post(f"/api/v1/payout-runs/{run['id']}/cancel")
    assert (answer.status_code, answer.json["data"]["status"]) == (200, "open")
    assert (till.sees(ada)["status"], till.sees(ben)["status"]) == ("canceled", "sent")
    till.did(ben, "confirm")
    assert till.sees_run(run["id"])["status"] == "completed"
    refused = till.caller.post(f"/api/v1/payout-runs/{run['id']}/cancel")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "status_refused")
    assert payout_of(till.runs(), till, "ada")["gross_cents"] == 980


def test_run_that_is_canceled_while_it_reserves_reserves_nothing_more(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run_id = till.asks().json["data"]["id"]
    batch(commits=True)
    answer = till.caller.post(f"/api/v1/payout-runs/{run_id}/cancel")
    assert answer.json["data"]["status"] == "canceled"
    reserving.work_slice(60)
    run = till.sees_run(run_id)
    assert [one["status"] for one in run["payouts"]] == ["canceled"]
    assert (till.holds("ada")[1:3], till.holds("ben")[1:3]) == ((980, 0), (980, 0))
    assert till.asks().status_code == 201
