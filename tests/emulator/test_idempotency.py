"""Idempotency keys: the first answer is the answer, errors included, for a day."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from .emulator import Emulator

TRANSFER = {"amount": 1000, "currency": "usd", "destination": "acct_1Ada", "transfer_group": "payout_1"}
WITH_KEY = {"idempotency_key": "payout_1"}


@pytest.fixture(autouse=True)
def account(shop: Emulator) -> None:
    """Ada's connected account."""
    shop.connected("acct_1Ada")


def transfers_in(shop: Emulator) -> list[str]:
    found = shop.client().v1.transfers.list({"transfer_group": "payout_1"})
    return [transfer.id for transfer in found.data]


def test_the_same_key_gives_the_same_transfer(shop: Emulator) -> None:
    transfers = shop.client().v1.transfers
    first, again = (transfers.create(TRANSFER, WITH_KEY) for _ in range(2))
    assert first.id == again.id
    assert transfers_in(shop) == [first.id]
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert first.metadata.to_dict() == {}


def test_the_same_key_with_other_parameters_is_refused(shop: Emulator) -> None:
    transfers = shop.client().v1.transfers
    transfers.create(TRANSFER, WITH_KEY)
    with pytest.raises(stripe.IdempotencyError) as refused:
        transfers.create({**TRANSFER, "amount": 2000}, WITH_KEY)
    assert refused.value.http_status == 400


def test_an_error_is_replayed_even_when_its_cause_is_gone(shop: Emulator) -> None:
    transfers = shop.client().v1.transfers
    shop.world.funds_minor["usd"] = 0
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            transfers.create(TRANSFER, WITH_KEY)
        assert refused.value.code == "balance_insufficient"
        shop.world.funds_minor["usd"] = 5000
    assert transfers_in(shop) == []


def test_response_of_an_invalid_request_is_not_stored(shop: Emulator) -> None:
    transfers = shop.client().v1.transfers
    with pytest.raises(stripe.InvalidRequestError, match="Missing required param: amount"):
        transfers.create({**TRANSFER, "amount": ""}, WITH_KEY)
    assert transfers.create(TRANSFER, WITH_KEY).amount == 1000


def test_a_failure_after_the_effect_is_replayed_too(shop: Emulator) -> None:
    shop.faults.fail(500, 1, after_effect=True)
    transfers = shop.client().v1.transfers
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            transfers.create(TRANSFER, WITH_KEY)
    assert len(transfers_in(shop)) == 1


def test_a_lost_answer_is_found_under_its_key_and_its_group(shop: Emulator) -> None:
    shop.faults.drop(1, after_effect=True)
    transfers = shop.client().v1.transfers
    with pytest.raises(stripe.APIConnectionError):
        transfers.create(TRANSFER, WITH_KEY)
    (made,) = transfers_in(shop)
    assert transfers.create(TRANSFER, WITH_KEY).id == made


def test_a_key_is_forgotten_after_a_day(shop: Emulator) -> None:
    transfers = shop.client().v1.transfers
    first = transfers.create(TRANSFER, WITH_KEY)
    shop.advance(hours=23)
    assert transfers.create(TRANSFER, WITH_KEY).id == first.id
    shop.advance(hours=1)
    assert transfers.create(TRANSFER, WITH_KEY).id != first.id


def test_two_at_once_make_one_transfer(shop: Emulator) -> None:
    def create(_number: int) -> str:
        try:
            return shop.client().v1.transfers.create(TRANSFER, WITH_KEY).id
        except stripe.StripeError as refused:
            return "" if refused.http_status == 409 else str(refused)

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(create, range(8)))
    assert len(made - {""}) == 1
    assert len(transfers_in(shop)) == 1
