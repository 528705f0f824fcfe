"""While `ACCRUAL_PAYOUTS_LIVE` is off nothing is sent, and what was sent before is found."""

from collections.abc import Iterator

import pytest

from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till
from worker.payouts import transfers

from .conftest import Recipient, Work
from .transfers import CREATE, assert_sent_once, reserved, until_done


@pytest.fixture
def switched_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`ACCRUAL_PAYOUTS_LIVE` is off for the process that transfers."""
    with monkeypatch.context() as patch:
        patch.setattr(transfers, "_is_on", lambda: False)
        yield


def test_nothing_is_sent_while_payouts_are_switched_off(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, switched_off: None
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    assert transfer() == 0
    assert till.sees(payout_id)["status"] == "pending"
    assert shop.calls()[CREATE] == 0


@pytest.mark.parametrize("was_made", [True, False])
def test_what_was_sent_before_the_switch_is_found_and_nothing_is_repeated(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, *, was_made: bool
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=was_made)
    transfer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfers, "_is_on", lambda: False)
        until_done(transfer)
        assert shop.calls()[CREATE] == 1
        assert till.sees(payout_id)["status"] == ("paid" if was_made else "processing")
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)
