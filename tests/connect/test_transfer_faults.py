"""A payout is one transfer, whatever process dies when and whatever Stripe answers."""

from collections.abc import Callable
from typing import Any

import pytest

from app.payouts.connect import recording
from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till
from worker.payouts import transfers
from worker.stripe_sync import client

from .conftest import Recipient, Work, make_transfers_due
from .transfers import CREATE, Killed, assert_sent_once, reserved, until_done

KILLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "after the claim": lambda patch: patch.setattr(transfers, "_client", _die),
    "before the call": lambda patch: patch.setattr(client, "post", _die),
    "after the call": lambda patch: patch.setattr(client, "post", _dying_after(client.post)),
    "before the record": lambda patch: patch.setattr(recording, "record_made", _die),
    "during the record": lambda patch: patch.setattr(recording, "_record_paid", _dying_after(recording._record_paid)),
    "at the end of the record": lambda patch: patch.setattr(
        recording, "record_made", _dying_after(recording.record_made)
    ),
}


@pytest.mark.parametrize("place", KILLS)
def test_a_process_killed_anywhere_leaves_one_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, place: str
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    with pytest.MonkeyPatch.context() as patch:
        KILLS[place](patch)
        with pytest.raises(Killed):
            transfer()
    assert till.sees(payout_id)["status"] == "processing"
    assert transfer() == 0  # until its claim ends
    make_transfers_due()
    transfer()
    assert_sent_once(shop, till, payout_id, ledger)


def test_a_process_killed_again_and_again_leaves_one_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    for place in [*KILLS, *reversed(KILLS)]:
        with pytest.MonkeyPatch.context() as patch:
            KILLS[place](patch)
            make_transfers_due()
            try:
                transfer()
            except Killed:
                continue
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


FAULTS: dict[str, Callable[[Emulator], object]] = {
    "500 before": lambda shop: shop.faults.fail(500, 1, route=CREATE),
    "500 after": lambda shop: shop.faults.fail(500, 1, route=CREATE, after_effect=True),
    "503 after": lambda shop: shop.faults.fail(503, 1, route=CREATE, after_effect=True),
    "broken before": lambda shop: shop.faults.drop(1, route=CREATE),
    "broken after": lambda shop: shop.faults.drop(1, route=CREATE, after_effect=True),
    "silent": lambda shop: shop.faults.hang(1, route=CREATE),
    "silent after": lambda shop: shop.faults.hang(1, route=CREATE, after_effect=True),
    "late": lambda shop: shop.faults.slow(1.0, 1, route=CREATE),
    "twice": lambda shop: shop.faults.repeat(1, route=CREATE),
    "rate limit": lambda shop: shop.faults.rate_limit(1, route=CREATE),
    "nonsense": lambda shop: shop.faults.speak_nonsense(1, route=CREATE),
    "list fails": lambda shop: (
        shop.faults.drop(1, route=CREATE, after_effect=True),
        shop.faults.fail(500, 2, route="GET /v1/transfers"),
    ),
    "account fails": lambda shop: shop.faults.fail(500, 2, route="GET /v1/accounts/{id}"),
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs of a moment."""
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.4)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_stripe_answers_there_is_one_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, fault: str
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    FAULTS[fault](shop)
    transfer()
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["500 after", "silent after", "broken after", "500 before"])
def test_a_forgotten_idempotency_key_makes_no_second_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, fault: str
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    FAULTS[fault](shop)
    transfer()
    shop.advance(hours=30)
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


def test_an_unknown_outcome_is_never_sent_again_before_the_group_is_listed(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work
) -> None:
    recipient("ada")
    reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    make_transfers_due()
    transfer()
    asked = [request.name for request in shop.asked if request.route.startswith("/v1/transfers")]
    assert asked == [CREATE, "GET /v1/transfers"]


def test_two_processes_make_one_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one hangs until its claim has ended, and is then too late to record anything."""
    recipient("ada")
    payout_id = reserved(till)
    post = client.post

    def while_another_takes_over(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(client, "post", post)
        make_transfers_due()
        assert transfers.do_next()
        return post(*arguments, **options)

    monkeypatch.setattr(client, "post", while_another_takes_over)
    transfer()
    assert_sent_once(shop, till, payout_id, ledger)


def _die(*_arguments: Any, **_options: Any) -> Any:
    raise Killed


def _dying_after(function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*arguments: Any, **options: Any) -> Any:
        function(*arguments, **options)
        raise Killed

    return dying
