"""Every change of a payout's status: what the table allows happens and stays in balance, everything else is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.payouts.transitions import STATUSES
from tests.conftest import assert_ledger_sound

from .till import Body, Till, payout_of, set_payout

STEPS: dict[str, Body] = {
    "confirm": {},
    "fail": {"reason": "account closed"},
    "cancel": {},
    "return": {"amount_cents": 400, "reason": "sent back"},
}
AFTER = {"confirm": "paid", "fail": "failed", "cancel": "canceled", "return": "returned"}
ALLOWED = {
    ("pending", "confirm"),
    ("pending", "fail"),
    ("pending", "cancel"),
    ("processing", "confirm"),
    ("processing", "fail"),
    ("processing", "return"),
    ("sent", "confirm"),
    ("sent", "fail"),
    ("sent", "return"),
    ("paid", "return"),
    ("returned", "return"),
}
"""Each status with the steps it allows; `sent` is canceled with force only."""
REFUSED = {("sent", "cancel"): "file_taken", ("processing", "cancel"): "transfer_under_way"}
"""What is refused with a code of its own."""
HELD = {
    # Payable, clearing, paid and fee of a payout of 9.80 with 5 % in this status; of `returned` after 4.00 of 9.31.
    "pending": (0, 980, 0, 0),
    "processing": (0, 980, 0, 0),
    "sent": (0, 980, 0, 0),
    "paid": (0, 0, 931, 49),
    "failed": (980, 0, 0, 0),
    "canceled": (980, 0, 0, 0),
    "returned": (421, 0, 531, 28),
}


@pytest.fixture
def payout(till: Till) -> str:
    """A payout of 9.80 USD with 0.49 USD fee, reserved."""
    till.sets(platform_fee_bps=500)
    till.owes("ada")
    return str(payout_of(till.runs(), till, "ada")["id"])


def bring_to(till: Till, payout: str, status: str) -> None:
    match status:
        case "processing":
            set_payout(payout, "processing")
        case "sent":
            run_id = till.sees(payout)["run_id"]
            [file] = till.sees_run(run_id)["files"]
            assert till.caller.get(f"/api/v1/payout-runs/{run_id}/files/{file['id']}").status_code == 200
        case "paid" | "returned":
            till.did(payout, "confirm")
        case "failed":
            till.did(payout, "fail", **STEPS["fail"])
        case "canceled":
            till.did(payout, "cancel")
    if status == "returned":
        till.did(payout, "return", **STEPS["return"])
    assert till.sees(payout)["status"] == status
    assert till.holds("ada")[1:5] == HELD[status]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", STATUSES)
def test_each_status_allows_exactly_the_steps_of_the_table(till: Till, payout: str, status: str, step: str) -> None:
    bring_to(till, payout, status)
    before = till.sees(payout)
    answer = till.does(payout, step, **STEPS[step])
    if (status, step) in ALLOWED:
        assert (answer.status_code, answer.json["status"]) == (200, AFTER[step])
        held = till.holds("ada")[1:5]
        assert held == HELD[AFTER[step]] if status != "returned" else held == (842, 0, 131, 7)
    else:
        code = REFUSED.get((status, step), "status_refused")
        assert (answer.status_code, answer.json["error"]["code"]) == (409, code)
        assert till.sees(payout) == before
        assert till.holds("ada")[1:5] == HELD[status]
    assert_ledger_sound()


def test_forced_cancel_of_a_sent_payout_needs_a_reason_and_makes_it_payable_again(till: Till, payout: str) -> None:
    bring_to(till, payout, "sent")
    assert till.does(payout, "cancel", force=True).status_code == 400
    assert till.did(payout, "cancel", force=True, reason="never uploaded")["status"] == "canceled"
    assert till.holds("ada")[1:5] == HELD["canceled"]
    assert payout_of(till.runs(), till, "ada")["gross_cents"] == 980


def test_payout_that_the_merchants_system_was_asked_to_pay_cannot_be_canceled(till: Till, payout: str) -> None:
    set_payout(payout, "sent", method="external", sent_at=datetime.now(UTC))
    answer = till.does(payout, "cancel", force=True, reason="changed our mind")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "status_refused")


@pytest.mark.parametrize("step", ["fail", "return"])
def test_failing_and_returning_take_a_reason(till: Till, payout: str, step: str) -> None:
    answer = till.does(payout, step, **{**STEPS[step], "reason": " "})
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "reason")


def test_failed_payout_shows_why_and_the_next_run_pays_it(till: Till, payout: str) -> None:
    assert till.did(payout, "fail", reason="account closed")["failure_reason"] == "account closed"
    again = payout_of(till.runs(), till, "ada")
    assert (again["gross_cents"], again["status"]) == (980, "pending")
    assert again["reference"] != till.sees(payout)["reference"]


def test_confirmation_keeps_the_name_at_the_bank_and_the_day_it_was_paid(till: Till, payout: str) -> None:
    paid_at = datetime.fromisoformat(till.sees(payout)["created_at"]) + timedelta(milliseconds=1)
    shown = till.did(payout, "confirm", reference="4XK71234AB", paid_at=paid_at.isoformat())
    assert shown["provider_id"] == "4XK71234AB"
    assert datetime.fromisoformat(shown["paid_at"]) == paid_at


@pytest.mark.parametrize("moved", [timedelta(days=1), -timedelta(days=1)], ids=["future", "before the payout"])
def test_day_of_payment_that_cannot_be_is_refused(till: Till, payout: str, moved: timedelta) -> None:
    answer = till.does(payout, "confirm", paid_at=(datetime.now(UTC) + moved).isoformat())
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "paid_at")


def test_repeated_confirmation_with_the_same_idempotency_key_is_one(till: Till, payout: str) -> None:
    path, once = f"/api/v1/payouts/{payout}/confirm", {"Idempotency-Key": "one"}
    first, second = (till.caller.call("POST", path, extra=once, json={}) for _ in range(2))
    assert (first.status_code, second.status_code, second.json) == (200, 200, first.json)
    assert till.holds("ada")[1:5] == HELD["paid"]


def test_return_of_a_part_of_a_cent_is_refused(till: Till, payout: str) -> None:
    till.did(payout, "confirm")
    answer = till.does(payout, "return", amount_cents=12.5, reason="sent back")
    assert answer.json["error"]["message"] == "amount_cents must be a whole number"


@pytest.mark.parametrize("amount", [0, 932, -1])
def test_return_of_more_than_was_paid_is_refused(till: Till, payout: str, amount: Any) -> None:
    till.did(payout, "confirm")
    answer = till.does(payout, "return", amount_cents=amount, reason="sent back")
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "amount_cents")


def test_every_step_leaves_an_entry_in_the_audit_trail_and_in_the_explanation(till: Till, payout: str) -> None:
    till.did(payout, "confirm")
    till.did(payout, "return", amount_cents=400, reason="sent back")
    trail = till.caller.get("/api/v1/audit", subject_id=payout).json["data"]
    assert [entry["action"] for entry in trail] == ["payout.returned", "payout.paid"]
    commission = till.sees(payout)["lines"][0]["commission_id"]
    text = " ".join(till.caller.get(f"/api/v1/commissions/{commission}/explanation").json["sentences"])
    for part in (f"reserved by {payout}", f"paid by {payout}", f"money of {payout} came back"):
        assert part in text
