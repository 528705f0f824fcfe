"""How a partner is paid is chosen over REST, by the owner and by the partner itself."""

import pytest

from app import db
from app.config import Settings
from app.partners.payout_methods import stored
from app.programs.models import Program
from tests.api.conftest import Caller
from tests.cast import Merchant
from tests.outbox.listening import listen, recorded

from .conftest import BANK, IBAN, ME, PAYPAL, put


def test_a_partner_without_a_method_is_told_that_nothing_can_be_paid(owner: Caller, path: str) -> None:
    shown = owner.get(path).json
    assert shown.pop("partner_id").startswith("par_")
    assert shown.pop("program_id").startswith("prog_")
    assert shown == {
        "method": None,
        "destination": {},
        "country": None,
        "updated_at": None,
        "problems": [
            {
                "currency": None,
                "reason": "no_payout_method",
                "sentence": "No payout method is chosen, so nothing can be paid.",
            }
        ],
        "next_payout": [
            {
                "currency": "usd",
                "payable_cents": 0,
                "minimum_cents": 0,
                "missing_cents": 1,
                "sentence": "Nothing is approved in USD now.",
                "accrued_cents": 0,
                "accrued_sentence": None,
            }
        ],
    }


def test_a_destination_is_shown_masked_to_owner_and_partner(owner: Caller, ada: Caller, path: str) -> None:
    made = put(owner, path, BANK)
    assert made.status_code == 200, made.text
    assert made.json["destination"] == {"iban": "DE…6199"}
    assert (made.json["method"], made.json["country"], made.json["problems"]) == ("bank_transfer", "DE", [])
    assert made.json["updated_at"].endswith("Z")
    assert owner.get(path).json == made.json
    assert ada.get(f"{ME}/payout-method").json == made.json
    for answer in (made, ada.get(f"{ME}/payout-method")):
        assert IBAN not in answer.text


def test_a_partner_sets_its_own_method_and_the_owner_sees_it(
    owner: Caller, ada: Caller, path: str, settings: Settings, merchant: Merchant
) -> None:
    made = put(ada, f"{ME}/payout-method", PAYPAL)
    assert made.status_code == 200, made.text
    assert owner.get(path).json == made.json
    shown = owner.get(path.removesuffix("/payout-method")).json
    assert (shown["payout_method"], shown["payout_email"]) == ("paypal", "ada.pays@example.com")
    with db.transaction() as session:
        method = stored.load_for(session, [merchant.partners["ada"]])[merchant.partners["ada"]]
    assert stored.unseal(method.destination_encrypted or "", settings) == {"email": "ada.pays@example.com"}


def test_a_field_at_fault_is_named_without_its_value(owner: Caller, path: str) -> None:
    for body, param in (
        ({"method": "cash"}, "method"),
        ({}, "method"),
        ({**PAYPAL, "email": "nowhere"}, "email"),
        ({**PAYPAL, "email": "+ada@example.com"}, "email"),
        ({**BANK, "iban": "DE75512108001245126198"}, "iban"),
        ({**BANK, "account_holder": "=HYPERLINK()"}, "account_holder"),
        ({**BANK, "account_holder": "Ada\nLane"}, "account_holder"),
        ({**BANK, "email": "ada@example.com"}, "email"),
        ({**PAYPAL, "nickname": "a"}, "nickname"),
    ):
        refused = put(owner, path, body)
        assert (refused.status_code, refused.json["error"]["param"]) == (400, param), refused.text
        value = str(body.get(param, ""))
        assert len(value) < 8 or param == "nickname" or value not in refused.text


@pytest.mark.parametrize("currency", ["usd", "eur"])
def test_a_name_that_no_file_can_hold_is_refused_when_it_is_entered(
    owner: Caller, path: str, merchant: Merchant, currency: str
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).currency = currency
    refused = put(owner, path, {**BANK, "account_holder": "\u2606\u2606"})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "account_holder")
    assert "Latin letters" in refused.json["error"]["message"]
    assert put(owner, path, {**BANK, "account_holder": "\u5f20\u4f1f"}).status_code == 200


def test_a_choice_is_a_fact_for_outbound_webhooks_without_the_destination(
    owner: Caller, ada: Caller, path: str, merchant: Merchant
) -> None:
    endpoint = listen(merchant.organization_id, "partner.updated")
    put(owner, path, PAYPAL)
    put(ada, f"{ME}/payout-method", BANK)
    with db.transaction() as session:
        messages = recorded(session, endpoint)
        assert [message.data["payout_method"] for message in messages] == ["paypal", "bank_transfer"]
        assert all(IBAN not in str(message.data) and "ada.pays" not in str(message.data) for message in messages)


def test_a_country_by_its_name_is_refused_with_an_example(owner: Caller, path: str) -> None:
    refused = put(owner, path, {"method": "paypal", "email": "a@example.com", "country": "Nigeria"})
    assert refused.json["error"]["message"] == "country must be a code of two letters, such as DE or US"


@pytest.mark.parametrize("code", ["XX", "eu", "ZZ"])
def test_code_that_no_country_has_is_refused(owner: Caller, path: str, code: str) -> None:
    refused = put(owner, path, {**BANK, "country": code})
    assert (refused.status_code, refused.json["error"]["param"]) == (400, "country")
    assert refused.json["error"]["message"] == f"no country has the code {code.upper()}; use one such as DE or US"
    assert owner.get(path).json["method"] is None
