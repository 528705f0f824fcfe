"""Runs: what they take and skip, what a preview promises, and what happens beside them."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import db, ids, sealing
from app.config import Settings
from app.payouts.reserving import plans, previews, reservation
from app.payouts.steps import run_states
from app.stripe_events.scope import Scope
from app.stripe_sync import runs as stripe_runs
from tests import cast
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.waiting import eventually, join
from worker.payouts import reserving

from .till import Till, payout_of, set_payout, skipped, totals


def test_run_pays_each_partner_and_currency_by_itself(till: Till) -> None:
    till.sets(platform_fee_bps=500)
    till.owes("ada", 4900, 5000)
    till.owes("ada", 7500, currency="eur")
    till.owes("ben", 10_000)
    run = till.runs()
    assert totals(run) == [("eur", 1, 1500, 75, 1425), ("usd", 2, 3980, 199, 3781)]
    assert run["status"] == "open"
    assert [(one["currency"], one["gross_cents"], one["commission_count"]) for one in run["payouts"]] == [
        ("eur", 1500, 1),
        ("usd", 1980, 2),
        ("usd", 2000, 1),
    ]
    assert {one["destination"]["email"] for one in run["payouts"]} == {"a…@wallet.example", "b…@wallet.example"}
    assert till.runs()["payouts"] == []
    assert_ledger_sound()


def test_run_is_over_when_its_last_payout_has_ended(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    ada, ben = (payout_of(run, till, code)["id"] for code in ("ada", "ben"))
    till.did(ada, "confirm")
    assert till.sees_run(run["id"])["status"] == "open"
    till.did(ben, "fail", reason="account closed")
    assert till.sees_run(run["id"])["status"] == "completed"


def test_run_with_nothing_to_pay_is_over_at_once(till: Till) -> None:
    run = till.runs()
    assert (run["status"], run["payouts"], run["totals"]) == ("completed", [], [])


def test_skipped_amounts_have_their_reason_and_a_sentence(till: Till) -> None:
    till.sets(minimum_payouts={"usd": 5000})
    till.owes("ada", 4900)
    sale = till.sells("ben", 50_000)
    till.approves(sale.conversion_id)
    till.owes("dan", 50_000)
    till.pays_to("dan", method="payoneer")
    till.caller.call("PATCH", f"/api/v1/partners/{till.partner('dan')}", json={"payout_email": None})
    run = till.runs()
    assert skipped(run) == {
        till.partner("ada"): "below_minimum",
        till.partner("ben"): "no_payout_method",
        till.partner("dan"): "destination_invalid",
    }
    [ada] = [row for row in run["skipped"] if row["partner_id"] == till.partner("ada")]
    assert (ada["payable_cents"], ada["minimum_cents"]) == (980, 5000)
    assert ada["sentence"] == "9.80 USD is below the minimum of 50.00 USD: 40.20 USD is missing."


def test_method_that_cannot_pay_the_currency_is_skipped_with_its_sentence(till: Till) -> None:
    till.owes("ada", 4900, currency="kwd")
    [row] = till.runs()["skipped"]
    assert row["reason"] == "method_unavailable"
    assert "KWD" in row["sentence"]


def test_debt_is_skipped_until_it_is_earned_back(till: Till) -> None:
    paid, _ = till.owes("ada", 4900, 5000)
    payout = payout_of(till.runs(), till, "ada")
    till.did(payout["id"], "confirm")
    till.refunds(paid, 4900)
    run = till.runs()
    assert skipped(run) == {till.partner("ada"): "not_positive"}
    assert run["skipped"][0]["payable_cents"] == -980
    assert "owes 9.80 USD" in run["skipped"][0]["sentence"]


def test_cutoff_leaves_out_later_credits_and_never_a_debt(till: Till) -> None:
    first, _ = till.owes("ada", 4900, 10_000)
    till.did(payout_of(till.runs(), till, "ada")["id"], "confirm")
    before = datetime.now(UTC).isoformat()
    till.refunds(first, 4900)
    till.owes("ada", 50_000)
    assert till.previews(cutoff_at=before)["skipped"][0]["payable_cents"] == -980
    assert till.previews()["payouts"][0]["gross_cents"] == 10_000 - 980


def test_cutoff_in_the_future_is_refused(till: Till) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = till.asks(cutoff_at=later)
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "cutoff_at")


def test_run_can_be_limited_to_partners_currencies_and_methods(till: Till) -> None:
    till.owes("ada")
    till.owes("ada", 7500, currency="eur")
    till.owes("ben")
    till.owes("dan", 50_000)
    till.pays_to("dan", method="payoneer")

    def paid(**asked: object) -> set[tuple[str, str]]:
        return {(one["partner_id"], one["currency"]) for one in till.previews(**asked)["payouts"]}

    ada, ben, dan = (till.partner(code) for code in ("ada", "ben", "dan"))
    assert paid(partner_ids=[ada]) == {(ada, "usd"), (ada, "eur")}
    assert paid(exclude_partner_ids=[ada]) == {(ben, "usd"), (dan, "usd")}
    assert paid(currencies=["EUR"]) == {(ada, "eur")}
    assert paid(methods=["payoneer"]) == {(dan, "usd")}


def test_partner_of_another_program_is_not_found(till: Till, merchant: Merchant) -> None:
    with db.transaction() as session:
        other = cast.open_merchant(session, "Elsewhere")
        cast.enroll(session, other, "zoe")
    answer = till.asks(partner_ids=[ids.encode(ids.PARTNER, other.partners["zoe"])])
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "partner_not_found")


def test_preview_writes_nothing_and_works_while_payouts_are_switched_off(
    till: Till, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.owes("ada")
    monkeypatch.setattr(sealing._Process, "settings", settings.model_copy(update={"payouts_live": False}))
    shown = till.previews()
    assert (shown["id"], shown["status"], shown["payouts"][0]["gross_cents"]) == (None, None, 980)
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM payout_runs")) == 0
    answer = till.asks(preview_token=shown["preview_token"])
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "payouts_disabled")


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


def test_run_pays_what_its_preview_showed(till: Till) -> None:
    till.sets(platform_fee_bps=500)
    till.owes("ada", 4900, 5000)
    shown = till.previews()
    run = till.runs(preview_token=shown["preview_token"])
    assert totals(run) == totals(shown)
    assert run["cutoff_at"] == shown["cutoff_at"]


def test_preview_is_stale_when_an_amount_a_destination_or_the_fee_has_changed(till: Till) -> None:
    sales = till.owes("ada", 4900, 5000)
    for change in (
        lambda: till.refunds(sales[0], 100),
        lambda: till.pays_to("ada", "elsewhere@wallet.example"),
        lambda: till.sets(platform_fee_bps=100),
        lambda: till.bans("ada"),
    ):
        token = till.previews()["preview_token"]
        change()
        answer = till.asks(preview_token=token)
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "preview_stale")


def test_credit_approved_after_the_preview_changes_nothing(till: Till) -> None:
    till.owes("ada", 4900)
    token = till.previews()["preview_token"]
    till.owes("ada", 5000)
    assert till.runs(preview_token=token)["payouts"][0]["gross_cents"] == 980


def test_token_of_another_request_mode_or_time_is_refused(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.owes("ada")
    token = till.previews()["preview_token"]
    for asked in ({"currencies": ["usd"]}, {"cutoff_at": "2026-01-01T00:00:00Z"}):
        assert till.asks(preview_token=token, **asked).json["error"]["code"] == "preview_stale"
    assert till.asks(preview_token="made up").json["error"]["param"] == "preview_token"
    monkeypatch.setattr(previews, "VALID_FOR", timedelta(0))
    assert till.asks(preview_token=till.previews()["preview_token"]).json["error"]["code"] == "preview_stale"


def test_what_differs_from_the_preview_when_it_is_reserved_is_skipped(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    answer = till.asks(preview_token=till.previews()["preview_token"])
    till.pays_to("ada", "elsewhere@wallet.example")
    reserving.work_slice(60)
    run = till.sees_run(answer.json["data"]["id"])
    assert skipped(run) == {till.partner("ada"): "preview_changed"}
    assert [one["partner_id"] for one in run["payouts"]] == [till.partner("ben")]
    assert till.holds("ada")[1] == 980


def test_method_chosen_after_the_request_is_not_paid_by_if_the_run_was_not_asked_for_it(till: Till) -> None:
    till.owes("ada", 49_000)
    answer = till.asks(methods=["paypal"])
    till.pays_to("ada", method="payoneer")
    reserving.work_slice(60)
    run = till.sees_run(answer.json["data"]["id"])
    assert (run["payouts"], skipped(run)) == ([], {till.partner("ada"): "method_unavailable"})
    assert run["skipped"][0]["sentence"] == (
        "The partner has chosen Payoneer meanwhile, which the run was not asked for."
    )
    assert till.holds("ada")[1] == 9800


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


def test_what_another_run_reserved_meanwhile_is_skipped(till: Till) -> None:
    till.owes("ada")
    first = till.asks().json["data"]["id"]
    reserving.work_slice(60)
    run_id = ids.decode(till.asks().json["data"]["id"], ids.PAYOUT_RUN)
    with db.transaction() as session:  # planned in the instant before the first run reserved
        copied = text("""
            INSERT INTO payout_run_items (run_id, partner_id, currency, organization_id, livemode, state,
                commission_count, payable_minor, minimum_minor, gross_minor, fee_minor, net_minor, method, fingerprint)
            SELECT :run_id, partner_id, currency, organization_id, livemode, 'planned', 1, 980, 0, 980, 0, 980, method,
                fingerprint
            FROM payout_run_items WHERE run_id = :first
        """)
        session.execute(copied, {"run_id": run_id, "first": ids.decode(first, ids.PAYOUT_RUN)})
    reserving.work_slice(60)
    assert run_id is not None
    run = till.sees_run(ids.encode(ids.PAYOUT_RUN, run_id))
    assert (skipped(run), run["status"]) == ({till.partner("ada"): "in_payout"}, "completed")


def test_nothing_is_paid_while_a_backfill_runs_or_events_are_overdue(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    with db.transaction() as session:
        scope = Scope(merchant.organization_id, "", livemode=False)
        backfill = stripe_runs.request(session, scope, "backfill", {}, requested_by="tests")
    assert skipped(till.runs()) == {till.partner("ada"): "settling"}
    with db.transaction() as session:
        stripe_runs.stop(session, session.merge(backfill))
    assert till.runs()["skipped"] == []


def test_backfill_that_begins_after_the_request_stops_the_reserving(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    run_id = till.asks().json["data"]["id"]
    with db.transaction() as session:
        stripe_runs.request(
            session, Scope(merchant.organization_id, "", livemode=False), "backfill", {}, requested_by="tests"
        )
    reserving.work_slice(60)
    assert skipped(till.sees_run(run_id)) == {till.partner("ada"): "settling"}
    assert till.holds("ada")[1:3] == (980, 0)


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


def test_archived_program_still_pays(till: Till, merchant: Merchant) -> None:
    till.owes("ada")
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET status = 'archived', is_default = false"))
    assert till.runs()["payouts"][0]["gross_cents"] == 980


def test_destination_is_that_of_the_reservation(till: Till) -> None:
    till.owes("ada")
    payout = payout_of(till.runs(), till, "ada")["id"]
    till.pays_to("ada", "elsewhere@wallet.example")
    assert till.sees(payout)["destination"] == {"email": "a…@wallet.example"}


def test_live_and_test_money_are_paid_apart(till: Till, caller_of: MakeCaller, merchant: Merchant) -> None:
    live = Till(caller_of(merchant, livemode=True), merchant)
    till.owes("ada", 4900)
    live.approves(live.sells("ada", 10_000).conversion_id)
    assert till.previews()["payouts"][0]["gross_cents"] == 980
    assert till.asks().status_code == 201
    assert live.asks().status_code == 201
    reserving.work_slice(60)
    [one] = live.caller.get(f"{live.program}/payouts").json["data"]
    assert one["gross_cents"] == 2000
    assert till.caller.get(f"/api/v1/payouts/{one['id']}").status_code == 404


def test_payouts_are_listed_by_status_partner_and_run(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    run = till.runs()
    ada = payout_of(run, till, "ada")["id"]
    till.did(ada, "confirm")

    def listed(**query: str) -> set[str]:
        return {one["id"] for one in till.caller.get(f"{till.program}/payouts", **query).json["data"]}

    assert listed(status="paid") == {ada}
    assert listed(partner_id=till.partner("ada")) == {ada}
    assert len(listed(run_id=run["id"])) == 2
    assert listed(status="failed") == set()
