"""A ban of a partner, before, while and after a run reserves."""

import threading
from datetime import UTC, datetime

from sqlalchemy import text

from app import db, ids
from app.payouts.reserving import plans
from app.payouts.steps import run_states
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.waiting import eventually, join
from worker.payouts import reserving

from .till import Till, payout_of, set_payout, skipped


def test_ban_between_request_and_reserving_leaves_the_partner_unpaid(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run_id = till.asks().json["data"]["id"]
    till.bans("ada")
    reserving.work_slice(60)
    run = till.sees_run(run_id)
    assert skipped(run) == {till.partner("ada"): "partner_banned"}
    assert [one["partner_id"] for one in run["payouts"]] == [till.partner("ben")]


def test_ban_waits_for_the_batch_that_reserves_without_a_deadlock(till: Till) -> None:
    till.owes("ada")
    run_id = ids.decode(till.asks().json["data"]["id"], ids.PAYOUT_RUN)
    assert run_id is not None
    partner_id, banned = till.merchant.partners["ada"], []
    ban = threading.Thread(target=lambda: banned.append(till.bans("ada")))
    with db.transaction() as session:
        run_states.lock(session, [run_id])
        ban.start()
        eventually(_is_run_awaited)
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert plans.load_statuses(session, [partner_id], is_shared=True) == {partner_id: "active"}
    join(ban)
    assert [each["status"] for each in banned] == ["banned"]


def _is_run_awaited() -> bool:
    """Whether a transaction waits for the row of a run: the first in the queue has this lock."""
    awaited = """
        SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                       WHERE datname = current_database() AND locktype = 'tuple' AND relation = 'payout_runs'::regclass)
    """
    with db.transaction() as session:
        return bool(session.scalar(text(awaited)))


def test_ban_between_reservation_and_payment_cancels_what_is_pending_and_lists_what_was_sent(till: Till) -> None:
    till.owes("ada", 4900)
    sent = payout_of(till.runs(), till, "ada")["id"]
    set_payout(sent, "sent", sent_at=datetime.now(UTC))
    till.owes("ada", 5000)
    run = till.runs()
    pending = payout_of(run, till, "ada")["id"]
    banned = till.bans("ada")
    assert (banned["status"], banned["canceled_payouts"], banned["sent_payouts"]) == ("banned", [pending], [sent])
    assert (till.sees(pending)["status"], till.sees(sent)["status"]) == ("canceled", "sent")
    assert till.sees(pending)["failure_reason"] == "The partner was banned."
    assert till.sees_run(run["id"])["status"] == "canceled"
    assert till.holds("ada")[1:3] == (1000, 980)
    assert skipped(till.runs()) == {till.partner("ada"): "partner_banned"}
    assert till.did(sent, "confirm")["status"] == "paid"
    assert_ledger_sound()


def test_ban_with_a_test_key_cancels_live_payouts_too(till: Till, caller_of: MakeCaller, merchant: Merchant) -> None:
    live = Till(caller_of(merchant, livemode=True), merchant)
    live.pays_to("ada")
    live.approves(live.sells("ada").conversion_id)
    payout = payout_of(live.runs(), live, "ada")["id"]
    assert till.bans("ada")["canceled_payouts"] == []
    assert live.sees(payout)["status"] == "canceled"
    assert_ledger_sound()


def test_ban_shows_no_payouts_to_a_key_that_may_not_read_them(
    till: Till, caller_of: MakeCaller, merchant: Merchant
) -> None:
    till.owes("ada")
    till.runs()
    limited = Till(caller_of(merchant, "manage", "partners:write"), merchant)
    banned = limited.bans("ada")
    assert (banned["canceled_payouts"], banned["sent_payouts"]) == (None, None)
    assert till.holds("ada")[1:3] == (980, 0)
