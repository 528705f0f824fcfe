"""Runs: what they pay, when they are over, and which payouts are listed."""

from sqlalchemy import text

from app import db, ids
from tests import cast
from tests.api.conftest import MakeCaller
from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from worker.payouts import reserving

from .till import Till, payout_of, totals


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
