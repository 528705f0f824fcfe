"""A partner requests its account at Stripe, which is created once."""

import pytest

from app import ids
from tests.api.conftest import Caller
from tests.cast import Merchant
from tests.emulator.emulator import Emulator
from worker.payouts import accounts

from .conftest import ACCOUNT, Affiliate, Work, make_accounts_due
from .onboarding import CREATE, account_of, opened


def test_a_partner_without_an_account_is_told_so(ada: Caller) -> None:
    shown = account_of(ada)
    assert (shown["status"], shown["can_receive"], shown["requirements"]) == ("none", False, None)
    assert shown["sentence"] == "There is no Stripe account for payouts yet."


def test_an_account_is_created_once_by_the_process_that_asks_stripe(ada: Caller, shop: Emulator, work: Work) -> None:
    requested = ada.post(ACCOUNT, {})
    assert (requested.status_code, requested.json["status"]) == (201, "creating")
    assert shop.asked == []
    assert work() == 1
    assert ada.post(ACCOUNT, {}).json["stripe_account_id"] == account_of(ada)["stripe_account_id"]
    assert work() == 0
    assert shop.calls()[CREATE] == 1
    shown = account_of(ada)
    assert (shown["status"], shown["country"], shown["agreement"]) == ("onboarding", "US", "full")
    assert "individual.id_number" in shown["requirements"]["currently_due"]


@pytest.mark.parametrize(
    ("platform", "country", "agreement"),
    [("US", "US", "full"), ("US", "DE", "recipient"), ("DE", "FR", "full"), ("DE", "GB", "recipient")],
)
def test_the_agreement_is_full_in_the_platforms_region_only(
    ada: Caller, shop: Emulator, work: Work, platform: str, country: str, agreement: str
) -> None:
    shop.world.country = platform
    account = shop.recipient(opened(ada, work, country=country))
    assert (account.country, account.agreement, account.transfers) == (country, agreement, "inactive")
    assert account_of(ada)["agreement"] == agreement


def test_the_partners_api_names_the_account(ada: Caller, owner: Caller, merchant: Merchant, work: Work) -> None:
    account = opened(ada, work)
    partner = ids.encode(ids.PARTNER, merchant.partners["ada"])
    assert owner.get(f"/api/v1/partners/{partner}").json["stripe_account_id"] == account


def test_the_country_of_an_account_cannot_be_changed(ada: Caller, work: Work) -> None:
    opened(ada, work, country="DE")
    refused = ada.post(ACCOUNT, {"country": "FR"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "country_fixed")
    assert ada.post(ACCOUNT, {"country": "DE"}).status_code == 201


def test_a_refused_account_says_why_and_is_requested_again(ada: Caller, shop: Emulator, work: Work) -> None:
    shop.world.is_connect_approved = False
    ada.post(ACCOUNT, {"country": "DE"})
    work()
    shown = account_of(ada)
    assert (shown["status"], shown["stripe_account_id"]) == ("failed", None)
    assert "refused" in str(shown["sentence"])
    shop.world.is_connect_approved = True
    ada.post(ACCOUNT, {"country": "FR"})
    work()
    assert (account_of(ada)["status"], account_of(ada)["country"]) == ("onboarding", "FR")


def test_without_an_api_key_nothing_is_asked_and_the_account_says_so(
    affiliate: Affiliate, shop: Emulator, work: Work
) -> None:
    ada = affiliate("ada")
    ada.post(ACCOUNT, {})
    work()
    assert account_of(ada)["status"] == "failed"
    assert "API key" in str(account_of(ada)["sentence"])
    assert shop.asked == []


@pytest.mark.parametrize("fault", ["fail", "drop", "fail_after", "drop_after"])
def test_a_failure_while_creating_leaves_one_account(ada: Caller, shop: Emulator, work: Work, fault: str) -> None:
    strike = shop.faults.fail if fault.startswith("fail") else shop.faults.drop
    strike(times=1, route=CREATE, after_effect=fault.endswith("after"))
    ada.post(ACCOUNT, {})
    work()
    assert account_of(ada)["status"] == "failed"
    make_accounts_due()
    work()
    assert list(shop.world.recipients) == [account_of(ada)["stripe_account_id"]]


def test_a_crash_before_the_answer_is_stored_leaves_one_account(
    ada: Caller, shop: Emulator, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.post(ACCOUNT, {})
    with monkeypatch.context() as patch:
        patch.setattr("app.payouts.connect.accounts.store_created", _crash)
        with pytest.raises(KeyboardInterrupt):
            work()
    make_accounts_due()
    work()
    assert list(shop.world.recipients) == [account_of(ada)["stripe_account_id"]]


def test_a_process_that_lost_its_claim_stores_nothing(
    ada: Caller, shop: Emulator, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.post(ACCOUNT, {})
    fetch = accounts.client.get

    def while_another_takes_over(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(accounts.client, "get", fetch)
        make_accounts_due()
        work()
        return fetch(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(accounts.client, "get", while_another_takes_over)
    work()
    assert list(shop.world.recipients) == [account_of(ada)["stripe_account_id"]]


def _crash(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt
