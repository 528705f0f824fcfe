"""A payout of method `stripe` is one transfer, whatever dies when and whatever Stripe answers, and the books agree."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids, sealing
from app.config import Settings
from app.payouts.connect import recording
from tests.cast import Merchant, set_api_key
from tests.conftest import Ledger
from tests.emulator.emulator import Emulator
from tests.emulator.world import Shelf
from tests.payouts.test_result_import import imported
from tests.payouts.till import Till, payout_of, skipped
from worker.payouts import transfers
from worker.stripe_sync import client

from .conftest import Recipient, Work, make_transfers_due, request_check

CREATE = "POST /v1/transfers"
NET = 980


class Killed(BaseException):
    """The process died here."""


def made(shop: Emulator) -> list[Any]:
    """Every transfer there is at Stripe."""
    return shop.client().v1.transfers.list({"limit": 100}).data


def reserved(till: Till, code: str = "ada") -> str:
    """The id of the payout that a run reserves for the partner."""
    return str(payout_of(till.runs(), till, code)["id"])


def until_done(transfer: Work, *, rounds: int = 6) -> None:
    """Let every wait end again and again, as if hours passed."""
    for _ in range(rounds):
        make_transfers_due()
        transfer()


def assert_sent_once(shop: Emulator, till: Till, payout_id: str, ledger: Ledger, net_minor: int = NET) -> None:
    """One transfer of the whole net, and the books agree."""
    [sent] = made(shop)
    assert (sent.amount, sent.transfer_group) == (net_minor, payout_id)
    seen = till.sees(payout_id)
    assert (seen["status"], seen["provider_id"]) == ("paid", sent.id)
    assert till.holds("ada") == (0, 0, 0, net_minor, 0, 0)
    ledger()


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


def test_a_person_cannot_say_what_became_of_a_transfer_under_way(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    bodies: dict[str, dict[str, Any]] = {
        "fail": {"reason": "no money came"},
        "confirm": {},
        "return": {"amount_cents": 100, "reason": "it came back"},
    }
    for step, body in bodies.items():
        refused = till.does(payout_id, step, **body)
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "transfer_under_way"), step
    assert till.does(payout_id, "cancel").status_code == 409
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


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
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    banned = till.bans("ada")
    assert (banned["canceled_payouts"], banned["sent_payouts"]) == ([], [payout_id])
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


def test_a_result_file_does_not_end_a_transfer_under_way(
    recipient: Recipient, till: Till, shop: Emulator, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    seen = till.sees(payout_id)
    for status in ("failed", "paid"):
        done = imported(till, {"id": seen["run_id"]}, f"reference,status\r\n{seen['reference']},{status}\r\n")
        [line] = done["not_applied"]
        assert (done["confirmed"], done["failed"], line["reason"]) == (0, 0, "transfer_under_way")
    until_done(transfer)
    assert_sent_once(shop, till, payout_id, ledger)


def test_a_ban_before_the_transfer_cancels_it(recipient: Recipient, till: Till, shop: Emulator, transfer: Work) -> None:
    recipient("ada")
    payout_id = reserved(till)
    till.bans("ada")
    assert transfer() == 0
    assert till.sees(payout_id)["status"] == "canceled"
    assert made(shop) == []


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


def _die(*_arguments: Any, **_options: Any) -> Any:
    raise Killed


def _dying_after(function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*arguments: Any, **options: Any) -> Any:
        function(*arguments, **options)
        raise Killed

    return dying
