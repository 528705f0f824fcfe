"""What a person can do about a transfer: before its first call to Stripe it is canceled, afterwards it goes on."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.payouts.test_result_import import imported
from tests.payouts.till import Till
from worker.payouts import transfers

from .conftest import Recipient, Work
from .transfers import CREATE, NET, assert_sent_once, made, reserved, until_done


@pytest.fixture
def unanswered(recipient: Recipient, till: Till, shop: Emulator, transfer: Work) -> str:
    """Ada's payout, whose transfer Stripe has made; its answer did not arrive."""
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    return payout_id


def test_a_person_cannot_say_what_became_of_a_transfer_under_way(
    unanswered: str, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "fail": {"reason": "no money came"},
        "confirm": {},
        "return": {"amount_cents": 100, "reason": "it came back"},
    }
    for step, body in bodies.items():
        refused = till.does(unanswered, step, **body)
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "transfer_under_way"), step
    assert till.does(unanswered, "cancel").status_code == 409
    until_done(transfer)
    assert_sent_once(shop, till, unanswered, ledger)


def test_a_canceled_payout_is_not_sent(recipient: Recipient, till: Till, shop: Emulator, transfer: Work) -> None:
    recipient("ada")
    payout_id = reserved(till)
    till.did(payout_id, "cancel")
    assert transfer() == 0
    assert made(shop) == []


@pytest.fixture
def waiting(recipient: Recipient, till: Till, shop: Emulator, transfer: Work) -> str:
    """Ada's payout, whose transfer has begun and waits for Stripe; nothing was sent of it."""
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.fail(500, 1, route="GET /v1/accounts/{id}")
    transfer()
    assert till.sees(payout_id)["status"] == "processing"
    return payout_id


BEFORE_THE_CALL: dict[str, Callable[[Till, str], object]] = {
    "a ban": lambda till, _: till.bans("ada"),
    "a cancel": lambda till, payout_id: till.did(payout_id, "cancel", reason="a mistake"),
    "a cancel of the run": lambda till, payout_id: till.caller.post(
        f"/api/v1/payout-runs/{till.sees(payout_id)['run_id']}/cancel"
    ),
}


@pytest.mark.parametrize("act", BEFORE_THE_CALL)
def test_a_transfer_that_waits_for_its_first_call_is_canceled(
    waiting: str, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, act: str
) -> None:
    BEFORE_THE_CALL[act](till, waiting)
    seen = till.sees(waiting)
    assert (seen["status"], seen["problem"]) == ("canceled", None)
    until_done(transfer)
    assert made(shop) == []
    assert till.holds("ada") == (0, NET, 0, 0, 0, 0)
    ledger()


@pytest.mark.parametrize("act", BEFORE_THE_CALL)
def test_a_cancel_while_the_account_is_fetched_keeps_stripe_from_being_called(
    recipient: Recipient,
    till: Till,
    shop: Emulator,
    transfer: Work,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    require_able = transfers._require_able

    def while_a_person_acts(*arguments: Any) -> None:
        require_able(*arguments)
        BEFORE_THE_CALL[act](till, payout_id)

    monkeypatch.setattr(transfers, "_require_able", while_a_person_acts)
    transfer()
    until_done(transfer)
    assert made(shop) == []
    assert till.sees(payout_id)["status"] == "canceled"
    ledger()


def test_a_ban_after_the_call_lists_the_payout_and_cancels_nothing(
    unanswered: str, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    banned = till.bans("ada")
    assert (banned["canceled_payouts"], banned["sent_payouts"]) == ([], [unanswered])
    until_done(transfer)
    assert_sent_once(shop, till, unanswered, ledger)


def test_a_result_file_does_not_end_a_transfer_under_way(
    unanswered: str, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    seen = till.sees(unanswered)
    for status in ("failed", "paid"):
        done = imported(till, {"id": seen["run_id"]}, f"reference,status\r\n{seen['reference']},{status}\r\n")
        [line] = done["not_applied"]
        assert (done["confirmed"], done["failed"], line["reason"]) == (0, 0, "transfer_under_way")
    until_done(transfer)
    assert_sent_once(shop, till, unanswered, ledger)


def test_a_ban_before_the_transfer_cancels_it(recipient: Recipient, till: Till, shop: Emulator, transfer: Work) -> None:
    recipient("ada")
    payout_id = reserved(till)
    till.bans("ada")
    assert transfer() == 0
    assert till.sees(payout_id)["status"] == "canceled"
    assert made(shop) == []
