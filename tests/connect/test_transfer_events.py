"""Events of transfers: reversals bring money back by the cumulative sum, in any order and however often they come."""

import random

import pytest
from sqlalchemy import text

from app import db
from tests.conftest import Drain, Ledger
from tests.emulator.delivery import Endpoint
from tests.emulator.emulator import Emulator
from tests.payouts.till import Till, payout_of

from .conftest import Connect, Recipient, Work, make_transfers_due
from .test_account_events import outcomes
from .transfers import CREATE, Killed, made, reserved

GROSS, NET, FEE = 980, 931, 49
"""Ada's commission with the platform's fee of 5 %."""


@pytest.fixture
def own(connect: Connect) -> Endpoint:
    """Our receiver takes the events of the platform's own account."""
    return connect()


@pytest.fixture
def paid(recipient: Recipient, till: Till, transfer: Work, own: Endpoint) -> str:
    """Ada's payout, which was transferred."""
    recipient("ada")
    till.sets(platform_fee_bps=500)
    payout_id = reserved(till)
    transfer()
    assert till.holds("ada") == (0, 0, 0, NET, FEE, 0)
    return payout_id


def transfer_of(shop: Emulator) -> str:
    [sent] = made(shop)
    return str(sent.id)


def arrive(shop: Emulator, drain: Drain, transfer: Work) -> None:
    shop.deliver()
    drain()
    transfer()


def test_a_reversal_makes_the_amount_payable_again(
    paid: str, shop: Emulator, till: Till, drain: Drain, transfer: Work, ledger: Ledger
) -> None:
    shop.reverse_transfer(transfer_of(shop))
    arrive(shop, drain, transfer)
    seen = till.sees(paid)
    assert (seen["status"], seen["returned_cents"]) == ("returned", NET)
    assert [back["reason"] for back in seen["returns"]] == ["The transfer was reversed at Stripe."]
    assert till.holds("ada") == (0, GROSS, 0, 0, 0, 0)
    ledger()


@pytest.mark.parametrize("seed", range(8))
def test_partial_reversals_add_up_in_any_order(
    paid: str, shop: Emulator, own: Endpoint, till: Till, drain: Drain, transfer: Work, ledger: Ledger, seed: int
) -> None:
    sent = transfer_of(shop)
    for part_minor in (100, 331, 250):
        shop.reverse_transfer(sent, part_minor)
    events = [*own.waiting, *own.waiting]
    random.Random(seed).shuffle(events)
    for event in events:
        own.send(event)
        drain()
        if seed % 2:
            transfer()
        ledger()
    transfer()
    seen = till.sees(paid)
    assert (seen["status"], seen["returned_cents"]) == ("returned", 681)
    accrued, payable, clearing, received, fee, _ = till.holds("ada")
    assert (accrued, clearing, received) == (0, 0, NET - 681)
    assert payable + received + fee == GROSS
    shop.reverse_transfer(sent)
    arrive(shop, drain, transfer)
    assert till.holds("ada") == (0, GROSS, 0, 0, 0, 0)
    ledger()


def test_what_came_back_is_paid_by_the_next_run(
    paid: str, shop: Emulator, till: Till, drain: Drain, transfer: Work, ledger: Ledger
) -> None:
    shop.reverse_transfer(transfer_of(shop))
    arrive(shop, drain, transfer)
    again = payout_of(till.runs(), till, "ada")["id"]
    transfer()
    assert again != paid
    assert sorted(sent.transfer_group for sent in made(shop)) == sorted([paid, again])
    assert till.holds("ada") == (0, 0, 0, NET, FEE, 0)
    ledger()


def test_a_reversal_that_a_person_has_recorded_counts_once(
    paid: str, shop: Emulator, till: Till, drain: Drain, transfer: Work, ledger: Ledger
) -> None:
    shop.reverse_transfer(transfer_of(shop), 500)
    till.did(paid, "return", amount_cents=500, reason="seen at Stripe")
    arrive(shop, drain, transfer)
    assert till.sees(paid)["returned_cents"] == 500
    shop.reverse_transfer(transfer_of(shop), 100)
    arrive(shop, drain, transfer)
    assert till.sees(paid)["returned_cents"] == 600
    ledger()


def test_a_reversal_before_the_answer_is_recorded_is_paid_and_returned(
    recipient: Recipient, own: Endpoint, till: Till, shop: Emulator, drain: Drain, transfer: Work, ledger: Ledger
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    shop.reverse_transfer(transfer_of(shop), 400)
    arrive(shop, drain, transfer)
    seen = till.sees(payout_id)
    assert (seen["status"], seen["returned_cents"], seen["provider_id"]) == ("returned", 400, transfer_of(shop))
    assert till.holds("ada") == (0, 400, 0, 580, 0, 0)
    assert shop.calls()["GET /v1/transfers"] == 2  # both of them this test's own
    ledger()


def test_a_kill_while_a_reversal_is_posted_posts_it_once(
    paid: str, shop: Emulator, till: Till, drain: Drain, transfer: Work, ledger: Ledger
) -> None:
    shop.reverse_transfer(transfer_of(shop))
    shop.deliver()
    drain()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.payouts.connect.recording.commands.give_back", _die)
        with pytest.raises(Killed):
            transfer()
    make_transfers_due()
    transfer()
    assert till.sees(paid)["returned_cents"] == NET
    ledger()


def test_an_event_names_the_transfer_while_payouts_are_switched_off(
    recipient: Recipient, own: Endpoint, till: Till, shop: Emulator, drain: Drain, transfer: Work
) -> None:
    recipient("ada")
    payout_id = reserved(till)
    shop.faults.drop(1, route=CREATE, after_effect=True)
    transfer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.payouts.transfers._is_on", lambda: False)
        shop.deliver()
        drain()
        make_transfers_due()
        transfer()
    assert till.sees(payout_id)["status"] == "paid"


def test_each_event_has_an_outcome_with_a_sentence(
    paid: str, shop: Emulator, till: Till, drain: Drain, transfer: Work
) -> None:
    sent = transfer_of(shop)
    shop.update_transfer(sent, description="April")
    shop.reverse_transfer(sent, 100)
    shop.client().v1.transfers.create({"amount": 5, "currency": "usd", "destination": _account(shop)})
    arrive(shop, drain, transfer)
    assert outcomes() == [
        ("transfer.created", "no_change", "known"),
        ("transfer.updated", "no_change", "known"),
        ("transfer.reversed", "recorded", "transfer_reversed"),
        ("transfer.created", "no_change", "not_ours"),
    ]
    reasons = [event["reason"] for event in till.caller.get("/api/v1/events").json["data"]]
    assert (
        "The event was read; the transfer of a payout was reversed, so what came back becomes payable again." in reasons
    )


@pytest.mark.parametrize(
    "forged",
    [
        {"transfer_group": "pyt_01h455vb4pex5vsknk084sn02q"},
        {"destination": "acct_1Other"},
        {"currency": "eur"},
        {"amount": 932},
        {"amount_reversed": 932},
        {"amount_reversed": -1},
        {"amount_reversed": "931"},
        {"id": "tr_1Other"},
        {"id": None},
    ],
    ids="-".join,
)
def test_a_document_that_is_not_the_payouts_transfer_changes_nothing(
    paid: str, shop: Emulator, till: Till, deliver: object, drain: Drain, transfer: Work, forged: dict[str, object]
) -> None:
    sent = shop.client().v1.transfers.retrieve(transfer_of(shop)).to_dict()
    document = sent | {"amount_reversed": NET} | forged
    event = {"id": "evt_1", "object": "event", "type": "transfer.reversed", "created": 1_790_000_000}
    deliver([event | {"livemode": False, "data": {"object": document}}])  # type: ignore[operator]
    drain()
    transfer()
    assert [outcome for _, outcome, _ in outcomes()] == ["no_change"]
    assert till.sees(paid)["status"] == "paid"


def test_an_event_of_a_connected_account_or_the_other_mode_changes_no_transfer(
    paid: str, shop: Emulator, till: Till, deliver: object, drain: Drain, transfer: Work
) -> None:
    sent = shop.client().v1.transfers.retrieve(transfer_of(shop)).to_dict()
    event = {"object": "event", "type": "transfer.reversed", "created": 1_790_000_000}
    data = {"data": {"object": sent | {"amount_reversed": NET}}}
    deliver(  # type: ignore[operator]
        [
            event | data | {"id": "evt_1", "livemode": False, "account": "acct_1Other"},
            event | data | {"id": "evt_2", "livemode": True},
        ]
    )
    drain()
    transfer()
    assert till.sees(paid)["status"] == "paid"


def _account(shop: Emulator) -> str:
    return next(iter(shop.world.recipients))


def _die(*_arguments: object, **_options: object) -> None:
    raise Killed


def test_ended_transfers_are_not_worked_on_again(paid: str, transfer: Work) -> None:
    with db.transaction() as session:
        assert session.scalars(text("SELECT due_at FROM payout_transfers")).all() == [None]
    assert transfer() == 0
