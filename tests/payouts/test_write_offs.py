"""Write-offs over HTTP: a balance or a debt ends, and later events bring neither back."""

from typing import Any

import pytest

from tests.conftest import assert_ledger_sound

from .till import Till, payout_of, skipped


def commission(till: Till, commission_id: str) -> dict[str, Any]:
    page = till.caller.get("/api/v1/commissions", limit=100).json["commissions"]
    return next(dict(each) for each in page if each["id"] == commission_id)


def test_balance_that_is_written_off_takes_the_oldest_commissions_and_shows_as_reversed(till: Till) -> None:
    first, second = till.owes("ada", 4900, 5000)
    answer = till.writes_off("ada", 1480)
    assert answer.status_code == 200
    shown = {name: answer.json[name] for name in ("amount_cents", "payable_cents", "commission_count")}
    assert shown == {"amount_cents": 1480, "payable_cents": 500, "commission_count": 2}
    assert (till.holds("ada", first)[1::4], till.holds("ada", second)[1::4]) == ((0, 980), (500, 500))
    ended, left = commission(till, first.commission_id), commission(till, second.commission_id)
    assert (ended["status"], ended["amount"], ended["reversedAmount"]) == ("reversed", "9.80", "9.80")
    assert (left["status"], left["amount"], left["reversedAmount"]) == ("approved", "10.00", "5.00")
    assert payout_of(till.runs(), till, "ada")["gross_cents"] == 500
    assert_ledger_sound()


def test_refund_after_a_write_off_makes_no_debt_of_what_was_ended(till: Till) -> None:
    [sale] = till.owes("ada")
    assert till.writes_off("ada", 980).status_code == 200
    till.refunds(sale, 2450)
    assert till.holds("ada") == (0, 0, 0, 0, 0, 490)
    till.refunds(sale, 2450)
    assert till.holds("ada") == (0, 0, 0, 0, 0, 0)
    assert_ledger_sound()


def test_debt_that_is_written_off_is_not_taken_from_later_commissions(till: Till) -> None:
    [sale] = till.owes("ada")
    till.did(payout_of(till.runs(), till, "ada")["id"], "confirm")
    till.refunds(sale, 4900)
    assert skipped(till.runs()) == {till.partner("ada"): "not_positive"}
    assert till.writes_off("ada", -980).json["payable_cents"] == 0
    assert till.holds("ada", sale) == (0, 0, 0, 980, 0, -980)
    till.owes("ada", 5000)
    assert payout_of(till.runs(), till, "ada")["gross_cents"] == 1000
    assert_ledger_sound()


@pytest.mark.parametrize(("amount", "asked"), [(981, "9.81 USD"), (-1, "-0.01 USD")])
def test_more_than_is_payable_cannot_be_written_off(till: Till, amount: int, asked: str) -> None:
    till.owes("ada")
    answer = till.writes_off("ada", amount)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "amount_too_large")
    assert answer.json["error"]["message"] == f"9.80 USD is payable, so {asked} cannot be written off"
    assert till.holds("ada")[1] == 980


def test_write_off_of_nothing_is_refused(till: Till) -> None:
    assert till.writes_off("ada", 0).status_code == 400


def test_write_off_is_explained_and_audited_and_is_not_in_the_earnings(till: Till) -> None:
    [sale] = till.owes("ada")
    till.writes_off("ada", 980)
    trail = till.caller.get("/api/v1/audit", subject_id=till.partner("ada")).json["data"]
    assert trail[0]["action"] == "partner.written_off"
    text = till.caller.get(f"/api/v1/commissions/{sale.commission_id}/explanation").json["sentences"]
    assert any("written off by key_" in sentence and "left the country" in sentence for sentence in text)
    affiliates = till.caller.get(f"{till.program}/affiliates").json["data"]
    [ada] = [one for one in affiliates if one["slug"] == "ada"]
    assert ada["totals"]["total_earned_cents"] == 0
