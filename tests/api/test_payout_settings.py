"""An owner's payout settings, over REST."""

from typing import Any

import pytest

from app import db
from app.config import Settings
from app.payouts.owner_settings import commands, stored
from app.payouts.owner_settings.debtor import Debtor
from tests.cast import Merchant
from tests.outbox.listening import listen

from .conftest import Caller

PATH = "/api/v1/payout-settings"
DEBTOR = {
    "name": "Acme GmbH",
    "iban": "DE89 3704 0044 0532 0130 00",
    "bic": "cobadeffxxx",
    "street": "Hauptstr. 1",
    "postal_code": "10115",
    "town": "Berlin",
    "country": "de",
}
STORED = Debtor(
    name="Acme GmbH",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    street="Hauptstr. 1",
    postal_code="10115",
    town="Berlin",
    country="DE",
)


def put(owner: Caller, body: Any) -> Any:
    return owner.call("PUT", PATH, json=body)


def unavailable(owner: Caller) -> dict[str, str]:
    return {one["method"]: one["reason"] for one in owner.get(PATH).json["methods"] if not one["available"]}


def test_nothing_is_set_up_at_first_and_what_is_missing_is_said(owner: Caller) -> None:
    shown = owner.get(PATH).json
    assert (shown["debtor"], shown["wise_source_currency"], shown["updated_at"]) == (None, None, None)
    assert unavailable(owner) == {
        "wise": "no_source_currency",
        "bank_transfer": "no_debtor",
        "stripe": "no_stripe_key",
        "external": "no_listener",
    }
    [wise] = [one for one in shown["methods"] if one["method"] == "wise"]
    assert wise["sentence"].startswith("Wise needs the currency")


def test_an_account_is_stored_sealed_and_shown_masked(owner: Caller, merchant: Merchant, settings: Settings) -> None:
    answer = put(owner, {"debtor": DEBTOR})
    assert answer.status_code == 200, answer.text
    assert answer.json["debtor"] == {
        "name": "Acme GmbH",
        "iban": "DE…3000",
        "bic": "COBADEFFXXX",
        "street": "Hauptstr. 1",
        "postal_code": "10115",
        "town": "Berlin",
        "country": "DE",
    }
    with db.transaction() as session:
        assert stored.load(session, merchant.organization_id, settings) == stored.OwnerSettings(STORED, None)
        assert commands.reseal_all(session, "cli", settings) == 1
        assert stored.load(session, merchant.organization_id, settings) == stored.OwnerSettings(STORED, None)


def test_each_setting_changes_alone_and_null_removes_it(owner: Caller) -> None:
    put(owner, {"debtor": DEBTOR})
    assert put(owner, {"wise_source_currency": "EUR"}).json["debtor"]["iban"] == "DE…3000"
    assert owner.get(PATH).json["wise_source_currency"] == "eur"
    assert unavailable(owner) == {"stripe": "no_stripe_key", "external": "no_listener"}
    assert put(owner, {"debtor": None}).json["wise_source_currency"] == "eur"
    assert unavailable(owner).keys() == {"bank_transfer", "stripe", "external"}
    assert put(owner, {"wise_source_currency": None}).json["debtor"] is None


def test_external_needs_a_listener_of_the_same_mode(owner: Caller, merchant: Merchant) -> None:
    listen(merchant.organization_id, "payout.requested", livemode=True)
    listen(merchant.organization_id, "payout.paid")
    assert "external" in unavailable(owner)
    listen(merchant.organization_id)
    assert "external" not in unavailable(owner)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"iban": "DE89370400440532013001"}, "debtor.iban"),
        ({"iban": "AE070331234567890123456"}, "debtor.iban"),
        ({"bic": "COBA"}, "debtor.bic"),
        ({"name": "=1+1"}, "debtor.name"),
        ({"name": "x" * 71}, "debtor.name"),
        ({"street": " "}, "debtor.street"),
        ({"town": "Ber\tlin"}, "debtor.town"),
        ({"country": "Germany"}, "debtor.country"),
        ({"postal_code": "-1"}, "debtor.postal_code"),
        ({"street": None}, "debtor.street"),
        ({"phone": "1"}, "debtor.phone"),
        ({"name": "\u2606"}, "debtor.name"),
    ],
)
def test_a_field_at_fault_is_named_without_its_value(owner: Caller, change: dict[str, Any], param: str) -> None:
    refused = put(owner, {"debtor": {**DEBTOR, **change}})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, param), refused.text
    assert "3704" not in refused.text
    assert owner.get(PATH).json["debtor"] is None


def test_a_currency_of_wise_is_a_known_one(owner: Caller) -> None:
    refused = put(owner, {"wise_source_currency": "euro"})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "wise_source_currency")


def test_only_a_key_that_may_move_money_changes_them(reader: Caller, merchant: Merchant, caller_of: Any) -> None:
    assert reader.get(PATH).status_code == 403
    payouts_reader = caller_of(merchant, "read", "payouts:read")
    assert payouts_reader.get(PATH).status_code == 200
    assert put(payouts_reader, {"wise_source_currency": "eur"}).status_code == 403
    payer = caller_of(merchant, "read", "payout_settings:write")
    assert put(payer, {"wise_source_currency": "eur"}).status_code == 200
