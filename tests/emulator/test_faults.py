"""Faults as a client meets them, and that requests are counted whatever becomes of them."""

import time

import pytest
import stripe

from .emulator import Emulator

MOMENT_SECONDS = 0.3
PATIENCE_SECONDS = 30


def client_with_timeout(shop: Emulator, seconds: float) -> stripe.StripeClient:
    return shop.client(http_client=stripe.RequestsClient(timeout=seconds))


def test_too_many_requests_are_429_for_a_while(shop: Emulator) -> None:
    fault = shop.faults.rate_limit(2, retry_after_seconds=3, route="/v1/events")
    events = shop.client().v1.events
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError) as refused:
            events.list()
        assert (refused.value.http_status, refused.value.headers["Retry-After"]) == (429, "3")
    assert events.list().data == []
    assert (fault.struck, shop.calls()["GET /v1/events"]) == (2, 3)


def test_every_third_request_can_be_refused(shop: Emulator) -> None:
    shop.faults.rate_limit(every=3)
    for _ in range(2):
        shop.client().v1.charges.list()
        shop.client().v1.charges.list()
        with pytest.raises(stripe.RateLimitError) as refused:
            shop.client().v1.charges.list()
        assert "Retry-After" not in refused.value.headers
    assert [asked.status for asked in shop.asked] == [200, 200, 429] * 2


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors_are_emulated(shop: Emulator, status: int) -> None:
    shop.faults.fail(status, route="GET /v1/charges/{id}")
    sale = shop.buy(shop.customer())
    with pytest.raises(stripe.APIError) as failed:
        shop.client().v1.charges.retrieve(str(sale.charge))
    assert failed.value.http_status == status
    assert len(shop.client().v1.charges.list().data) == 1
    shop.faults.clear()
    assert shop.client().v1.charges.retrieve(str(sale.charge)).id == sale.charge


def test_the_library_retries_a_503(shop: Emulator) -> None:
    shop.faults.fail(503, 1)
    assert shop.client(retries=1).v1.charges.list().data == []
    assert [asked.status for asked in shop.asked] == [503, 200]


def test_an_answer_that_is_no_json_is_an_error(shop: Emulator) -> None:
    shop.faults.speak_nonsense(1)
    with pytest.raises(stripe.APIError, match="Invalid response body"):
        shop.client().v1.charges.list()


def test_slow_response_is_complete(shop: Emulator) -> None:
    shop.faults.slow(MOMENT_SECONDS / 3, 1)
    began_at = time.monotonic()
    assert client_with_timeout(shop, PATIENCE_SECONDS).v1.charges.list().data == []
    assert time.monotonic() - began_at >= MOMENT_SECONDS / 3


def test_a_request_without_an_answer_times_out(shop: Emulator) -> None:
    shop.faults.hang(1)
    with pytest.raises(stripe.APIConnectionError):
        client_with_timeout(shop, MOMENT_SECONDS).v1.charges.list()
    assert client_with_timeout(shop, PATIENCE_SECONDS).v1.charges.list().data == []
    assert [asked.status for asked in shop.asked] == [None, 200]


def test_a_broken_connection_is_an_error(shop: Emulator) -> None:
    shop.faults.drop(1)
    with pytest.raises(stripe.APIConnectionError):
        shop.client().v1.charges.list()
    assert shop.client().v1.charges.list().data == []
