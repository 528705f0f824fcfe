"""Transfers that Stripe or a run refuses: an account that cannot receive, a balance that is too small, a key."""

from collections import defaultdict

import pytest
from sqlalchemy import text

from app import db, sealing
from app.config import Settings
from tests.cast import Merchant, set_api_key
from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.emulator.world import Shelf
from tests.payouts.till import Till, skipped

from .conftest import Recipient, Work, request_check
from .transfers import CREATE, NET, assert_sent_once, made, reserved, until_done


def test_an_account_that_cannot_receive_fails_the_payout_with_the_requirement(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    account = recipient("ada")
    payout_id = reserved(till)
    shop.restrict(account, "individual.id_number")
    transfer()
    seen = till.sees(payout_id)
    assert seen["status"] == "failed"
    assert seen["failure_reason"] == (
        "The partner's Stripe account cannot receive money. Stripe requires individual.id_number."
    )
    assert shop.calls()[CREATE] == 0
    assert till.holds("ada") == (0, NET, 0, 0, 0, 0)
    ledger()


def test_a_run_skips_an_account_that_is_known_not_to_receive(
    recipient: Recipient, till: Till, shop: Emulator, work: Work, transfer: Work
) -> None:
    account = recipient("ada")
    shop.restrict(account, "individual.id_number")
    request_check()
    work()
    run = till.runs()
    assert skipped(run) == {till.partner("ada"): "method_unavailable"}
    assert run["skipped"][0]["sentence"] == (
        "The partner's Stripe account cannot receive money. Stripe requires individual.id_number."
    )
    shop.onboard(account)
    request_check()
    work()
    reserved(till)
    transfer()
    assert len(made(shop)) == 1


def test_a_run_skips_a_partner_without_an_account(till: Till, asking: Settings) -> None:
    till.owes("ada")
    till.pays_to("ada", method="stripe")
    [passed] = till.runs()["skipped"]
    assert passed["reason"] == "method_unavailable"
    assert "has no account at Stripe" in passed["sentence"]


@pytest.mark.parametrize("is_known_early", [True, False])
def test_a_balance_that_is_too_small_fails_the_payout_and_the_next_run_pays_it(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger, *, is_known_early: bool
) -> None:
    recipient("ada")
    first = reserved(till)
    shop.world.funds_minor["usd"] = 500
    if not is_known_early:
        shop.faults.fail(500, 1, route=CREATE, after_effect=True)
        transfer()
        shop.advance(hours=25)
    until_done(transfer)
    seen = till.sees(first)
    assert (seen["status"], seen["failure_reason"]) == (
        "failed",
        "The balance of your Stripe account was too small for the transfer.",
    )
    shop.world.funds_minor["usd"] = 5000
    second = reserved(till)
    until_done(transfer)
    assert_sent_once(shop, till, second, ledger)


@pytest.mark.parametrize("is_revoked", [True, False])
def test_a_key_that_may_not_transfer_fails_nothing_and_says_what_is_missing(
    recipient: Recipient,
    till: Till,
    shop: Emulator,
    merchant: Merchant,
    asking: Settings,
    transfer: Work,
    ledger: Ledger,
    *,
    is_revoked: bool,
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    key = shop.restricted_key("accounts_kyc_basic_read", "transfer_read")
    set_api_key(merchant.organization_id, key, asking)
    if is_revoked:
        shop.revoke(key)
    transfer()
    seen = till.sees(payout_id)
    assert seen["status"] == "processing"
    assert ("revoked" if is_revoked else "rak_transfer_write") in seen["problem"]
    set_api_key(merchant.organization_id, shop.key, asking)
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


def test_a_key_of_another_stripe_account_fails_no_transfer_whose_outcome_is_unknown(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    account = recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    own = shop.world.shelves, shop.world.recipients, shop.world.families
    shop.world.shelves, shop.world.recipients = defaultdict(Shelf), {}
    shop.world.families = {"": shop.world.families[""]}
    until_done(transfer)
    seen = till.sees(payout_id)
    assert seen["status"] == "processing"
    assert f"does not know {account}" in seen["problem"]
    assert shop.calls()[CREATE] == 1
    shop.world.shelves, shop.world.recipients, shop.world.families = own
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


def test_test_money_moves_with_a_test_key_only(
    recipient: Recipient, till: Till, shop: Emulator, merchant: Merchant, asking: Settings, transfer: Work
) -> None:
    """A live key that is stored at a test endpoint, past the check of the endpoint's key, transfers nothing."""
    recipient("ada")
    payout_id = reserved(till)
    with db.transaction() as session:
        session.execute(
            text("UPDATE stripe_endpoints SET api_key_encrypted = :key WHERE api_key_encrypted IS NOT NULL"),
            {"key": sealing.seal(shop.live_key, asking)},
        )
    transfer()
    assert "other mode" in till.sees(payout_id)["problem"]
    assert shop.asked[-1].name != CREATE
    assert shop.calls()[CREATE] == 0
