"""What was earned elsewhere is paid like what was earned here: previewed, netted, paid, returned, written off."""

from datetime import UTC, datetime
from threading import Thread
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, ids
from app.commissions.elsewhere import customers, cutoffs
from app.commissions.settling.settlement import Cause
from app.organizations.actors import CLI
from app.programs.models import Program
from app.stripe_events.scope import Scope
from app.stripe_sync import lookups
from app.stripe_sync.lookups import LookupRequest
from tests.cast import open_program
from tests.conftest import assert_ledger_sound
from tests.ledger.test_opening_balances import bring_in
from tests.waiting import eventually, join
from worker import schedule
from worker.payouts import reserving

from .test_own_payouts import key_of
from .till import Till, payout_of, skipped

AT = "2026-03-01T00:00:00Z"

_POSITION = text("""
    SELECT account.kind, -sum(posting.amount_minor) FROM postings AS posting
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE account.partner_id = :partner_id GROUP BY account.kind
""")


def opened(till: Till, code: str, amount_minor: int, name: str = "1", **changed: Any) -> str:
    """The public id of an opening balance of a partner with a payout method."""
    till.pays_to(code)
    return ids.encode(ids.OPENING_BALANCE, bring_in(till.merchant, code, amount_minor, name, **changed).id)


def position(till: Till, code: str) -> dict[str, int]:
    """What the ledger holds for a partner."""
    with db.transaction() as session:
        rows = session.execute(_POSITION, {"partner_id": till.merchant.partners[code]})
        return {kind: int(minor) for kind, minor in rows if minor}


def is_waited_for(session: Session) -> bool:
    """Whether another transaction waits for the end of this one. A transaction sees pg_stat_activity as it was once."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    return bool(session.scalar(text(waiting)))


def test_opening_balance_goes_through_every_step_of_a_payout(till: Till) -> None:
    till.sets(platform_fee_bps=500)
    opening_id = opened(till, "ada", 10_000)
    [sale] = till.owes("ada", 4900)
    assert payout_of(till.previews(), till, "ada")["gross_cents"] == 10_980
    payout = payout_of(till.runs(), till, "ada")
    assert (payout["gross_cents"], payout["fee_cents"], payout["commission_count"]) == (10_980, 549, 2)
    lines = {line["commission_id"] or line["opening_balance_id"]: line for line in till.sees(payout["id"])["lines"]}
    assert {name: line["gross_cents"] for name, line in lines.items()} == {opening_id: 10_000, sale.commission_id: 980}
    assert position(till, "ada") == {"payout_clearing": 10_980}
    till.did(payout["id"], "confirm")
    assert position(till, "ada") == {"partner_paid": 10_431}
    till.did(payout["id"], "return", amount_cents=10_431, reason="account closed")
    assert position(till, "ada") == {"partner_payable": 10_980}
    assert till.writes_off("ada", 10_500).json["payable_cents"] == 480
    assert_ledger_sound()


def test_debt_from_elsewhere_is_netted_with_what_is_earned_here(till: Till) -> None:
    opened(till, "ada", -500)
    assert skipped(till.runs()) == {till.partner("ada"): "not_positive"}
    till.owes("ada", 4900)
    payout = payout_of(till.runs(), till, "ada")
    assert payout["gross_cents"] == 480
    till.did(payout["id"], "confirm")
    assert position(till, "ada") == {"partner_paid": 480}
    opened(till, "ben", -300, "2")
    assert till.writes_off("ben", -300).json["payable_cents"] == 0
    assert_ledger_sound()


def test_failed_payout_makes_it_payable_again_and_a_run_with_an_earlier_cutoff_leaves_it_out(till: Till) -> None:
    opened(till, "ada", 700)
    run = till.runs(cutoff_at="2026-02-28T23:59:59Z")
    assert (run["payouts"], run["skipped"]) == ([], [])
    till.did(payout_of(till.runs(), till, "ada")["id"], "fail", reason="wrong address")
    assert position(till, "ada") == {"partner_payable": 700}
    assert_ledger_sound()


def test_statement_balance_and_sums_show_it_by_its_own_id(till: Till) -> None:
    opening_id = opened(till, "ada", 12_345)
    partner = till.partner("ada")
    [line] = till.caller.get(f"/api/v1/partners/{partner}/statements/preview").json["lines"]
    assert (line["kind"], line["opening_balance_id"], line["commission_id"]) == ("opening", opening_id, None)
    assert (line["payable_cents"], line["owed_cents"]) == (12_345, 12_345)
    assert line["sentences"] == [
        f"Opening balance {opening_id}: +123.45 USD, earned before this system.",
        "Reason: earned elsewhere and brought in from rewardful.",
    ]
    [balance] = till.caller.get(f"/api/v1/partners/{partner}/balance").json["data"]
    assert balance["payable_cents"] == 12_345
    [ada] = [one for one in till.caller.get(f"{till.program}/affiliates").json["data"] if one["slug"] == "ada"]
    assert (ada["totals"]["total_earned_cents"], ada["totals"]["approved_cents"]) == (12_345, 12_345)


def test_recorded_over_http_listed_as_csv_explained_and_seen_by_its_partner_alone(
    till: Till, application: Flask
) -> None:
    path = f"/api/v1/partners/{till.partner('ada')}/opening-balances"
    body = {"currency": "usd", "amount_cents": 12_345, "source": "tolt", "source_id": "ada", "occurred_at": AT}
    made = till.caller.post(path, body)
    assert (made.status_code, till.caller.post(path, body).json["id"]) == (201, made.json["id"])
    assert till.caller.post(path, body | {"amount_cents": 5}).json["error"]["code"] == "opening_balance_differs"
    assert till.caller.get(path).json["data"] == [made.json]
    csv_rows = till.caller.call("GET", path, {"Accept": "text/csv"}).text.splitlines()
    assert [row.partition(",")[0] for row in csv_rows] == ["id", made.json["id"]]
    explained = till.caller.get("/api/v1/explanations", id=made.json["id"]).json
    head = (
        f"Opening balance {made.json['id']}: partner ada had earned 123.45 USD elsewhere that was not paid by "
        "1 March 2026 (UTC); brought in from tolt as ada."
    )
    assert (explained["kind"], explained["summary"]) == ("opening_balance", head)
    assert explained["sentences"][0].startswith(
        "1 March 2026 (UTC) opening balance: earned elsewhere and brought in from tolt [commission_expense +123.45 USD"
    )
    assert explained["sentences"][1:] == ["123.45 USD of it is payable."]
    assert till.caller.get(f"/api/v1/opening-balances/{made.json['id']}").json["summary"] == head
    ada, ben = (key_of(application, till.merchant, code) for code in ("ada", "ben"))
    mine = "/v1/admin/affiliate-me/opening-balances"
    assert ada.get(mine).json["data"] == [made.json]
    assert ada.get(f"{mine}/{made.json['id']}").json["sentences"] == [head, "123.45 USD of it is payable."]
    assert (ben.get(mine).json["data"], ben.get(f"{mine}/{made.json['id']}").status_code) == ([], 404)


def test_cutoff_over_http_is_shown_and_is_not_moved_past_what_was_paid(till: Till) -> None:
    later = "2098-01-01T00:00:00.000Z"
    shown = till.caller.call("PUT", f"{till.program}/cutoff", json={"cutoff_at": AT})
    assert (shown.json["test_cutoff_at"], shown.json["live_cutoff_at"]) == ("2026-03-01T00:00:00.000Z", None)
    till.owes("ada", 4900)
    schedule.settle_history()
    assert position(till, "ada") == {"partner_payable": 980}
    till.runs()
    refused = till.caller.call("PUT", f"{till.program}/cutoff", json={"cutoff_at": later})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "already_paid")
    assert refused.json["error"]["message"].startswith("1 commission was paid here, or put into a payout, for payments")
    assert till.caller.call("PUT", f"{till.program}/cutoff", json={"cutoff_at": None}).json["test_cutoff_at"] is None


def test_nothing_is_paid_while_a_moved_cutoff_is_worked_off(till: Till) -> None:
    till.owes("ada", 4900)
    answer = till.caller.call("PUT", f"{till.program}/cutoff", json={"cutoff_at": "2098-01-01T00:00:00Z"})
    assert answer.status_code == 200
    assert skipped(till.previews()) == {till.partner("ada"): "settling"}
    schedule.settle_history()
    assert position(till, "ada") == {}
    assert_ledger_sound()


def test_nothing_is_paid_until_the_history_of_a_customer_is_answered_or_given_up(till: Till) -> None:
    till.owes("ada", 4900)
    with db.transaction() as session:
        scope = Scope(till.merchant.organization_id, "", livemode=False)
        lookups.queue(session, scope, [LookupRequest(lookups.HISTORY, "cus_9")], is_backfill=True)
    assert skipped(till.previews()) == {till.partner("ada"): "settling"}
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET attempts = 32"))
    assert till.previews()["skipped"] == []
    with db.transaction() as session:
        session.execute(text("UPDATE lookups SET attempts = 1"))
        claimed = lookups.claim(session)
        assert claimed is not None
        lookups.finish(session, claimed, {"problem": "key_removed"})
    assert till.previews()["skipped"] == []


def test_history_of_another_program_is_waited_for_until_it_is_settled(till: Till) -> None:
    till.owes("ada", 4900)
    by = Cause("request:test", datetime.now(UTC))
    with db.transaction() as session:
        program = session.get_one(Program, open_program(session, till.merchant))
        named = {"stripe_customer_id": "cus_9", "email": None}
        customers.record(session, CLI, program, livemode=False, first_paid_at=by.occurred_at, cause=by, **named)
    assert skipped(till.previews()) == {till.partner("ada"): "settling"}
    schedule.settle_history()
    assert till.previews()["skipped"] == []


def test_run_that_reserves_while_the_cutoff_is_moved_pays_nothing_that_came_before_it(till: Till) -> None:
    till.owes("ada", 4900)
    run_id = till.asks().json["data"]["id"]
    later, by = datetime(2098, 1, 1, tzinfo=UTC), Cause("request:test", datetime.now(UTC))
    job = Thread(target=reserving.work_slice, args=(60,))
    with db.transaction() as session:
        program = session.get_one(Program, till.merchant.program_id)
        cutoffs.set_cutoff(session, CLI, program, livemode=False, cutoff_at=later, cause=by)
        job.start()
        eventually(lambda: is_waited_for(session))
    join(job)
    run = till.sees_run(run_id)
    assert (run["payouts"], skipped(run)) == ([], {till.partner("ada"): "settling"})
    schedule.settle_history()
    assert position(till, "ada") == {}
    assert_ledger_sound()
