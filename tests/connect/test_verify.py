"""Verification finds a transfer that is not what its payout says."""

import pytest
from sqlalchemy import text

from app import db
from app.integrity import payout_rules, verify
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till

from .conftest import Recipient, Work
from .transfers import CREATE, reserved

TAMPERINGS = {
    "amount": "UPDATE payout_transfers SET amount_minor = amount_minor + 1",
    "currency": "UPDATE payout_transfers SET currency = 'eur'",
    "mode": "UPDATE payout_transfers SET livemode = true",
    "another transfer": "UPDATE payout_transfers SET transfer_id = 'tr_1Other'",
    "a reversal that was not posted": "UPDATE payout_transfers SET reversed_minor = 100",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_changed_transfer_is_found(recipient: Recipient, till: Till, transfer: Work, tampering: str) -> None:
    recipient("ada")
    payout_id = reserved(till)
    transfer()
    assert broken_after("SELECT 1") == []
    assert broken_after(TAMPERINGS[tampering]) == [(payout_rules.TRANSFERS, payout_id)]


def test_a_transfer_that_nothing_works_on_any_more_is_found(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE)
    transfer()
    assert broken_after("SELECT 1") == []
    forgotten = "UPDATE payout_transfers SET due_at = NULL"
    assert broken_after(forgotten) == [(payout_rules.TRANSFERS, payout_id)]


def test_a_transfer_of_a_payout_that_failed_is_found(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work
) -> None:
    account = recipient("ada")
    payout_id = reserved(till)
    shop.restrict(account, "individual.id_number")
    transfer()
    assert till.sees(payout_id)["status"] == "failed"
    assert broken_after("SELECT 1") == []
    made_late = "UPDATE payout_transfers SET transfer_id = 'tr_1Late'"
    assert broken_after(made_late) == [(payout_rules.TRANSFERS, payout_id)]


def broken_after(statement: str) -> list[tuple[str, str]]:
    """The rules that are broken, and by what, after a statement."""
    with db.transaction() as session:
        session.execute(text(statement))
    with db.transaction() as session:
        return [(breach.rule, breach.what) for breach in verify.verify(session)]
