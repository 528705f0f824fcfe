"""Payouts through Stripe on a restored installation are held, and the former installation's transfers are found."""

import pytest

from app import db
from app.organizations.actors import CLI
from app.payouts.connect import restored
from app.payouts.connect.restored import Released
from tests.cast import Merchant
from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till

from .conftest import Recipient, Work
from .transfers import NET, assert_sent_once, made, reserved, until_done


@pytest.mark.parametrize("did_the_former_one_pay", [False, True])
def test_restored_payout_waits_for_its_release_and_is_sent_once(
    recipient: Recipient,
    till: Till,
    shop: Emulator,
    merchant: Merchant,
    transfer: Work,
    ledger: Ledger,
    *,
    did_the_former_one_pay: bool,
) -> None:
    account = recipient("ada")
    payout_id = reserved(till)
    with db.transaction() as session:
        assert restored.hold(session) == 1
    assert transfer() == 0
    assert made(shop) == []
    assert "run `accrual payouts release`" in till.sees(payout_id)["problem"]
    if did_the_former_one_pay:
        sent = {"amount": NET, "currency": "usd", "destination": account, "transfer_group": payout_id}
        shop.client().v1.transfers.create(sent)
    owners = [merchant.organization_id]
    for expected in (Released(1, 0), Released(0, 0)):
        with db.transaction() as session:
            assert restored.release(session, CLI, owners) == expected
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)
