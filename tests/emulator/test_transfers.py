"""Transfers through Stripe's own library: what they cost, whom they reach, how they come back, and every fault."""

import pytest
import stripe

from tests.waiting import eventually

from .emulator import Emulator
from .test_accounts import CONTROLLER, TRANSFERS

ROUTE = "POST /v1/transfers"
WITH_KEY = {"idempotency_key": "payout_1"}
MOMENT_SECONDS = 0.3


@pytest.fixture
def account(shop: Emulator) -> str:
    """An account that can receive."""
    made = shop.client().v1.accounts.create({"controller": CONTROLLER, "capabilities": TRANSFERS}).id
    shop.onboard(made)
    return made


def asked(account: str, amount_minor: int = 1000, currency: str = "usd") -> dict[str, object]:
    return {"amount": amount_minor, "currency": currency, "destination": account, "transfer_group": "payout_1"}


def in_group(shop: Emulator, group: str = "payout_1") -> list[stripe.Transfer]:
    return shop.client().v1.transfers.list({"transfer_group": group}).data


def test_a_transfer_is_paid_from_the_balance(shop: Emulator, account: str) -> None:
    before = shop.client().v1.balance.retrieve().available[0].amount
    shop.client().v1.transfers.create(asked(account))
    assert before - shop.client().v1.balance.retrieve().available[0].amount == 1000
    assert shop.events[-1].type == "transfer.created"


def test_an_account_without_the_capability_receives_nothing(shop: Emulator, account: str) -> None:
    shop.restrict(account, "individual.id_number")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client().v1.transfers.create(asked(account))
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    assert in_group(shop) == []


def test_an_account_of_another_platform_is_unknown(shop: Emulator) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such destination"):
        shop.client().v1.transfers.create(asked("acct_1Other"))


def test_three_decimal_currencies_go_in_tens(shop: Emulator, account: str) -> None:
    shop.world.funds_minor["kwd"] = 50_000
    with pytest.raises(stripe.InvalidRequestError, match="end in 0"):
        shop.client().v1.transfers.create(asked(account, 12_345, "kwd"))
    assert shop.client().v1.transfers.create(asked(account, 12_340, "kwd")).amount == 12_340


def test_transfers_are_listed_by_their_group(shop: Emulator, account: str) -> None:
    made = shop.client().v1.transfers.create(asked(account))
    shop.client().v1.transfers.create({**asked(account), "transfer_group": "payout_2"})
    assert [transfer.id for transfer in in_group(shop)] == [made.id]


def test_reversals_add_up_and_give_the_money_back(shop: Emulator, account: str) -> None:
    client = shop.client()
    made = client.v1.transfers.create(asked(account)).id
    client.v1.transfers.reversals.create(made, {"amount": 400})
    partly = client.v1.transfers.retrieve(made)
    shop.reverse_transfer(made)
    whole = client.v1.transfers.retrieve(made)
    assert (partly.amount_reversed, partly.reversed) == (400, False)
    assert (whole.amount_reversed, whole.reversed, len(whole.reversals.data)) == (1000, True, 2)
    assert [event.type for event in shop.events[-2:]] == ["transfer.reversed"] * 2
    assert [event.document()["data"]["object"]["amount_reversed"] for event in shop.events[-3:]] == [0, 400, 1000]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.transfers.reversals.create(made, {"amount": 1})


def test_an_update_moves_no_money(shop: Emulator, account: str) -> None:
    made = shop.client().v1.transfers.create(asked(account)).id
    shop.update_transfer(made, description="April")
    assert shop.client().v1.transfers.retrieve(made).description == "April"
    assert shop.events[-1].type == "transfer.updated"


def test_an_error_before_the_effect_is_no_transfer(shop: Emulator, account: str) -> None:
    shop.faults.fail(500, 1, route=ROUTE)
    with pytest.raises(stripe.APIError):
        shop.client().v1.transfers.create(asked(account), WITH_KEY)
    assert in_group(shop) == []


@pytest.mark.parametrize("fault", ["fail", "drop", "hang"])
def test_a_failure_after_the_effect_is_one_transfer(shop: Emulator, account: str, fault: str) -> None:
    getattr(shop.faults, fault)(times=1, route=ROUTE, after_effect=True)
    impatient = shop.client(http_client=stripe.RequestsClient(timeout=MOMENT_SECONDS))
    with pytest.raises(stripe.StripeError):
        impatient.v1.transfers.create(asked(account), WITH_KEY)
    assert len(in_group(shop)) == 1


def test_a_repeated_request_is_one_transfer_by_its_key(shop: Emulator, account: str) -> None:
    shop.faults.repeat(1, route=ROUTE)
    made = shop.client().v1.transfers.create(asked(account), WITH_KEY)
    assert [transfer.id for transfer in in_group(shop)] == [made.id]


def test_a_late_request_finds_what_its_repetition_did(shop: Emulator, account: str) -> None:
    shop.faults.slow(2 * MOMENT_SECONDS, 1, route=ROUTE)
    impatient = shop.client(http_client=stripe.RequestsClient(timeout=MOMENT_SECONDS))
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.transfers.create(asked(account), WITH_KEY)
    assert in_group(shop) == []
    made = shop.client().v1.transfers.create(asked(account), WITH_KEY)
    late = next(request for request in shop.asked if request.name == ROUTE)
    eventually(lambda: late.status is not None)
    assert [transfer.id for transfer in in_group(shop)] == [made.id]
