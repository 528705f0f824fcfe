"""One place asks Stripe: patiently, in words that hold no key."""

import logging

import pytest
from pydantic import SecretStr

from app.errors import StripeForbidden, StripeMissing, StripeRateLimited, StripeRefused, StripeUnavailable
from tests.emulator.emulator import Emulator
from worker.stripe_sync import client as stripe_api

NOWHERE = "http://127.0.0.1:9"


def ask(shop: Emulator, path: str, key: str = "", **options: object) -> stripe_api.StripeResponse:
    client = stripe_api.client(SecretStr(key or shop.key), base=shop.url)
    return stripe_api.get(client, path, wait=lambda _seconds: None, **options)


def test_document_has_the_time_of_stripes_response(shop: Emulator) -> None:
    cleo = shop.customer(marker="ada")
    answer = ask(shop, f"/v1/customers/{cleo.id}")
    assert answer.document["metadata"] == {"affiliate_id": "ada"}
    assert answer.fetched_at.tzinfo is not None


def test_an_error_that_passes_is_asked_again(shop: Emulator) -> None:
    path = f"/v1/customers/{shop.customer().id}"
    shop.faults.rate_limit(times=1)
    shop.faults.fail(500, times=1)
    shop.faults.drop(times=1)
    shop.faults.speak_nonsense(times=1)
    assert ask(shop, path).document["id"] in path
    assert len(shop.asked) == 5


def test_retry_after_is_respected(shop: Emulator) -> None:
    shop.faults.rate_limit(times=1, retry_after_seconds=7)
    path, waited = f"/v1/customers/{shop.customer().id}", []
    stripe_api.get(stripe_api.client(SecretStr(shop.key), base=shop.url), path, wait=waited.append)
    assert waited == [7]


def test_without_advice_it_waits_longer_each_time(shop: Emulator) -> None:
    shop.faults.rate_limit()
    client, waited = stripe_api.client(SecretStr(shop.key), base=shop.url), []
    with pytest.raises(StripeRateLimited):
        stripe_api.get(client, "/v1/customers/cus_1", wait=waited.append)
    assert len(waited) == stripe_api.TRIES - 1
    assert all(0.25 * 2**n <= seconds <= 0.5 * 2**n for n, seconds in enumerate(waited))


def test_every_failure_has_a_meaning(shop: Emulator) -> None:
    with pytest.raises(StripeMissing):
        ask(shop, "/v1/customers/cus_unknown")
    with pytest.raises(StripeForbidden, match="stripe_key_unknown"):
        ask(shop, "/v1/customers/cus_1", key="sk_test_not_a_known_key_at_all")
    with pytest.raises(StripeForbidden, match="rak_invoice_read"):
        ask(shop, "/v1/invoices/in_1", key=shop.restricted_key("charge_read"))
    with pytest.raises(StripeRefused):
        ask(shop, "/v1/customers", params={"limit": 1000})
    shop.faults.fail(503)
    with pytest.raises(StripeUnavailable, match="status=503"):
        ask(shop, "/v1/customers/cus_1")
    with pytest.raises(StripeUnavailable, match="stripe_unreachable"):
        stripe_api.get(stripe_api.client(SecretStr(shop.key), base=NOWHERE), "/v1/customers/cus_1", tries=1)


def test_no_error_and_no_log_holds_the_key(shop: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop.revoke(shop.key)
    client = stripe_api.client(SecretStr(shop.key), base=shop.url)
    with pytest.raises(StripeForbidden) as caught:
        stripe_api.get(client, "/v1/customers/cus_1")
    secret = shop.key.removeprefix("sk_test_")
    assert secret not in f"{caught.value!r} {caught.value} {client!r}"
    assert secret not in caplog.text


def test_a_list_is_read_to_its_end(shop: Emulator) -> None:
    everybody = [shop.customer(f"cleo{n}").id for n in range(5)]
    client = stripe_api.client(SecretStr(shop.key), base=shop.url)
    pages = list(stripe_api.pages(client, "/v1/customers", {"limit": 2}))
    assert [len(page.document["data"]) for page in pages] == [2, 2, 1]
    assert {row["id"] for page in pages for row in page.document["data"]} == set(everybody)


def test_a_connected_account_is_asked_in_its_name(shop: Emulator) -> None:
    cleo = shop.connected("acct_of_ada").customer()
    client = stripe_api.client(SecretStr(shop.key), base=shop.url, account="acct_of_ada")
    assert stripe_api.get(client, f"/v1/customers/{cleo.id}").document["id"] == cleo.id
    assert shop.asked[-1].account == "acct_of_ada"


@pytest.mark.parametrize("strange", ["", "..", "in_1/../../v1/keys", "in_1?expand[]=x", "in 1", "ín_1"])
def test_malformed_ids_are_never_requested(strange: str) -> None:
    with pytest.raises(StripeMissing):
        stripe_api.object_path("/v1/invoices", strange)
