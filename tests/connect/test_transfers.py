"""A payout of method `stripe` is one transfer of its net, and the books agree."""

from app import ids
from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till, payout_of

from .conftest import Recipient, Work
from .transfers import CREATE, NET, assert_sent_once, made, reserved, until_done


def test_a_payout_becomes_one_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    account = recipient("ada")
    payout_id = reserved(till)
    assert till.sees(payout_id)["destination"] == {"account": f"acct_…{account[-4:]}"}
    assert transfer() == 1
    assert_sent_once(shop, till, payout_id, ledger)
    [sent] = made(shop)
    assert (sent.destination, sent.metadata.to_dict()) == (account, {"payout": payout_id})
    assert transfer() == 0
    [asked] = [request for request in shop.asked if request.name == CREATE]
    assert asked.idempotency_key == f"payout-{ids.decode(payout_id, ids.PAYOUT)}"


def test_the_fee_stays_with_the_platform(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    till.sets(platform_fee_bps=500)
    reserved(till)
    transfer()
    assert [sent.amount for sent in made(shop)] == [931]
    assert till.holds("ada") == (0, 0, 0, 931, 49, 0)
    ledger()


def test_three_decimal_currencies_are_sent_in_tens(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    shop.world.funds_minor["kwd"] = 1_000_000
    recipient("ada", 12_345 * 5, currency="kwd")
    reserved(till)
    transfer()
    assert [sent.amount for sent in made(shop)] == [12_340]
    assert till.holds("ada", currency="kwd") == (0, 5, 0, 12_340, 0, 0)
    ledger()


def test_payouts_that_have_not_begun_stay_pending_while_stripe_is_down(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    recipient("ben")
    run = till.runs()
    shop.faults.fail(503)
    transfer()
    statuses = [till.sees(payout["id"])["status"] for payout in run["payouts"]]
    assert sorted(statuses) == ["pending", "processing"]
    shop.faults.clear()
    until_done(transfer)
    assert sorted(sent.transfer_group for sent in made(shop)) == sorted(payout["id"] for payout in run["payouts"])
    ledger()


def test_a_transfer_that_a_person_has_made_in_the_payouts_group_is_another(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    account = recipient("ada")
    payout_id = reserved(till)
    shop.faults.fail(500, 1, route=CREATE)
    transfer()
    shop.client().v1.transfers.create(
        {"amount": 100, "currency": "usd", "destination": account, "transfer_group": payout_id}
    )
    shop.advance(hours=25)
    until_done(transfer)
    assert sorted(sent.amount for sent in made(shop)) == [100, NET]
    assert till.holds("ada") == (0, 0, 0, NET, 0, 0)
    ledger()


def test_a_partners_second_program_is_paid_by_its_own_transfer(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    recipient("ben", 9800)
    run = till.runs()
    transfer()
    sent = {transfer.transfer_group: transfer.amount for transfer in made(shop)}
    assert sent == {payout_of(run, till, "ada")["id"]: 980, payout_of(run, till, "ben")["id"]: 1960}
    assert till.sees_run(run["id"])["status"] == "completed"
    ledger()
