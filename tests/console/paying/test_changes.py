"""What became of a payout, recorded on its page; and what is written off."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cast import Merchant
from tests.conftest import assert_ledger_sound
from tests.payouts.till import Till, payout_of, set_payout

from .conftest import Cashier, CashierOf

MOVES = ("confirm", "fail", "return", "cancel")


@pytest.fixture
def payout(till: Till) -> str:
    till.owes("ada")
    return str(payout_of(till.runs(), till, "ada")["id"])


def test_payout_is_confirmed_and_comes_back_in_parts_each_once(till: Till, cashier: Cashier, payout: str) -> None:
    page = f"/console/payouts/{payout}"
    assert "Record a return" not in cashier.sees(page)
    status, refused = cashier.sends(f"{page}/confirm", reference="4XK71234AB", paid_at="2020-01-01T10:00")
    assert (status, "paid_at must be between" in refused) == (400, True)
    assert cashier.sends(f"{page}/confirm", reference="4XK71234AB") == (303, page)
    assert (till.sees(payout)["status"], till.sees(payout)["provider_id"]) == ("paid", "4XK71234AB")
    two_weeks_ago = datetime.now(UTC) - timedelta(weeks=2)
    set_payout(payout, "paid", created_at=two_weeks_ago, paid_at=two_weeks_ago)

    last_week = (datetime.now(UTC) - timedelta(weeks=1)).strftime("%Y-%m-%dT%H:%M")
    [form_id] = re.findall(r'name="form_id" value="([^"]+)"', cashier.browser.get(f"{page}/return").text)
    part = {"amount": "4.00", "reason": "sent back", "returned_at": last_week, "form_id": form_id}
    for _ in range(2):
        assert cashier.sends(f"{page}/return", **part) == (303, page)
    [back] = till.sees(payout)["returns"]
    assert (back["amount_cents"], back["occurred_at"][:16]) == (400, last_week)
    asked = cashier.sees(f"{page}/return")
    assert "Not come back yet 5.80 USD" in asked
    status, refused = cashier.sends(f"{page}/return", amount="5.81", reason="more")
    assert (status, "5.80 USD of the payout has not come back" in refused) == (400, True)
    assert cashier.sends(f"{page}/return", amount="a lot", reason="more")[0] == 400
    assert cashier.sends(f"{page}/return", amount="5,80", reason="the rest") == (303, page)
    assert till.holds("ada")[1:4] == (980, 0, 0)
    assert "buttons" not in cashier.browser.get(page).text
    assert_ledger_sound()


def test_sent_payout_is_canceled_only_with_the_statement_and_a_reason(
    till: Till, cashier: Cashier, payout: str
) -> None:
    page, run = f"/console/payouts/{payout}", till.sees_run(till.sees(payout)["run_id"])
    cashier.browser.send(f"/console/payout-runs/{run['id']}/files/{run['files'][0]['id']}")
    assert "it may have been paid" in cashier.sees(f"{page}/cancel")
    status, refused = cashier.sends(f"{page}/cancel")
    assert (status, "the payout's file was downloaded" in refused) == (409, True)
    assert cashier.sends(f"{page}/cancel", force="true")[0] == 400
    assert cashier.sends(f"{page}/cancel", force="true", reason="not uploaded") == (303, page)
    assert "the file is void" in cashier.sees(f"/console/payout-runs/{run['id']}/files/{run['files'][0]['id']}")
    for move in MOVES:
        assert "This cannot be done now" in cashier.sees(f"{page}/{move}")
    assert till.holds("ada")[1:4] == (980, 0, 0)
    assert_ledger_sound()


def test_payout_fails_with_its_reason_and_a_pending_one_is_canceled(till: Till, cashier: Cashier, payout: str) -> None:
    page = f"/console/payouts/{payout}"
    status, refused = cashier.sends(f"{page}/fail")
    assert (status, "reason is required" in refused) == (400, True)
    assert cashier.sends(f"{page}/fail", reason="account closed") == (303, page)
    assert "account closed" in cashier.sees(page)
    again = f"/console/payouts/{payout_of(till.runs(), till, 'ada')['id']}"
    assert cashier.sends(f"{again}/cancel") == (303, again)
    assert cashier.sends(f"{again}/cancel")[0] == 409
    assert till.holds("ada")[1:4] == (980, 0, 0)


def test_balances_and_debts_are_written_off_once(till: Till, cashier: Cashier) -> None:
    [sale] = till.owes("ada")
    page = f"/console/partners/{till.partner('ada')}"
    form = f"{page}/write-off"
    assert "Payable to the partner 9.80 USD" in cashier.sees(form)
    asked = {"of": "balance", "currency": "usd", "reason": "too little to pay"}
    status, refused = cashier.sends(form, **asked, amount="9.81")
    assert (status, "9.80 USD is payable, so 9.81 USD cannot be written off" in refused) == (409, True)
    [form_id] = re.findall(r'name="form_id" value="([^"]+)"', cashier.browser.get(form).text)
    for _ in range(2):
        assert cashier.sends(form, **asked, amount="4.80", form_id=form_id) == (303, page)
    assert till.holds("ada")[1:] == (500, 0, 0, 0, 480)
    till.did(payout_of(till.runs(), till, "ada")["id"], "confirm")
    till.refunds(sale, 4900)
    owed = -till.holds("ada")[1]
    assert "Owed by the partner" in cashier.sees(form)
    asked |= {"of": "debt", "amount": f"{owed / 100:.2f}"}
    assert cashier.sends(form, **asked) == (303, page)
    assert till.holds("ada")[1] == 0
    assert "it owes nothing" in cashier.sees(form)
    assert_ledger_sound()


def test_payouts_are_changed_only_by_those_who_may(
    till: Till, cashier_of: CashierOf, merchant: Merchant, stranger: Cashier, payout: str
) -> None:
    viewer, page = cashier_of(merchant, "viewer"), f"/console/payouts/{payout}"
    forms = [*(f"{page}/{move}" for move in MOVES), f"/console/partners/{till.partner('ada')}/write-off"]
    shown = viewer.browser.get(page).text
    fields = {"amount": "1", "reason": "so", "of": "balance", "currency": "usd"}
    for form in forms:
        assert form not in shown
        assert viewer.sees(form, 403)
        assert viewer.sends("/console", form)[0] == 403
        assert stranger.sees(form, 404)
        assert stranger.sends("/console", form, **fields)[0] == 404
    assert till.sees(payout)["status"] == "pending"
