"""How a partner is paid, over REST: by the owner and by the partner itself."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update

from app import db, ids
from app.config import Settings
from app.organizations import hierarchy, keys
from app.partners import enrollment
from app.partners.models import Partner
from app.partners.payout_methods import stored
from app.payouts.connect import accounts
from app.payouts.connect.models import ConnectedAccount
from app.programs.models import Program
from tests.cast import Merchant, enroll, open_merchant, set_api_key
from tests.outbox.listening import listen, recorded

from .conftest import Caller
from .sales import sell

ME = "/v1/admin/affiliate-me"
IBAN = "DE75512108001245126199"
BANK = {"method": "bank_transfer", "account_holder": "Ada Lane", "iban": IBAN, "town": "Berlin"}
PAYPAL = {"method": "paypal", "email": "ada.pays@example.com"}
DEBTOR = {
    "name": "Acme GmbH",
    "iban": "DE89370400440532013000",
    "street": "Hauptstr. 1",
    "postal_code": "10115",
    "town": "Berlin",
    "country": "de",
}


@pytest.fixture
def path(merchant: Merchant) -> str:
    return f"/api/v1/partners/{ids.encode('par', merchant.partners['ada'])}/payout-method"


@pytest.fixture
def ada(application: Flask, merchant: Merchant) -> Caller:
    """Ada, with a key of her own organization."""
    return caller(application, merchant, "ada")


def caller(application: Flask, merchant: Merchant, code: str, level: str = "manage") -> Caller:
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners[code])
        if partner.partner_organization_id is None:
            made = hierarchy.create_organization(session, kind="affiliate", name=code)
            partner.partner_organization_id = made.id
        _, plaintext = keys.create_key(session, partner.partner_organization_id, name="tests", level=level)
    return Caller(application, plaintext)


def put(who: Caller, path: str, body: Any) -> Any:
    return who.call("PUT", path, json=body)


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [problem["reason"] for problem in answer.json["problems"]]


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


def test_a_method_that_does_not_reach_the_country_is_refused(owner: Caller, ada: Caller, path: str) -> None:
    for who, at in ((owner, path), (ada, f"{ME}/payout-method")):
        refused = put(who, at, {**PAYPAL, "country": "ng"})
        assert refused.status_code == 409
        error = refused.json["error"]
        assert (error["code"], error["param"]) == ("method_unavailable", "country")
        assert error["message"] == "PayPal does not pay to Nigeria. Choose another method."
    assert owner.get(path).json["method"] is None


def test_a_method_that_does_not_pay_in_the_programs_currency_is_refused(
    owner: Caller, path: str, merchant: Merchant
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).currency = "kwd"
    refused = put(owner, path, PAYPAL)
    assert (refused.status_code, refused.json["error"]["param"]) == (409, "method")
    assert "does not pay in KWD" in refused.json["error"]["message"]


def test_what_reaches_a_partner_is_told_before_it_chooses(ada: Caller) -> None:
    shown = ada.get(f"{ME}/payout-methods", country="NG").json
    assert (shown["country"], shown["currency"]) == ("NG", "usd")
    told = {one["method"]: (one["available"], one["reason"], one["sentence"]) for one in shown["methods"]}
    assert told["paypal"] == (False, "country", "PayPal does not pay to Nigeria.")
    assert told["crypto"] == (True, None, None)
    assert told["external"][:2] == (False, "no_listener")
    assert told["wise"][:2] == (False, "no_source_currency")
    assert set(told) == {"paypal", "wise", "bank_transfer", "payoneer", "stripe", "crypto", "external"}
    in_yen = ada.get(f"{ME}/payout-methods", country="DE", currency="isk").json
    assert {one["method"] for one in in_yen["methods"] if one["reason"] == "currency"} == {"paypal", "payoneer"}


def test_the_country_is_that_of_the_present_method_unless_it_is_named(ada: Caller) -> None:
    put(ada, f"{ME}/payout-method", {"method": "payoneer", "email": "ada@example.com", "country": "NG"})
    assert ada.get(f"{ME}/payout-methods").json["country"] == "NG"
    assert ada.get(f"{ME}/payout-methods", country="Nigeria").status_code == 400


def test_what_the_owner_has_not_set_up_is_said_and_ends_when_it_has(
    owner: Caller, ada: Caller, path: str, merchant: Merchant
) -> None:
    assert codes(put(ada, f"{ME}/payout-method", {"method": "external"})) == ["no_listener"]
    listen(merchant.organization_id, "payout.requested")
    assert codes(ada.get(f"{ME}/payout-method")) == []
    wise = {"method": "wise", "account_holder": "Ada Lane", "email": "ada@example.com"}
    assert codes(put(owner, path, wise)) == ["no_source_currency"]
    assert put(owner, "/api/v1/payout-settings", {"wise_source_currency": "eur"}).status_code == 200
    assert codes(owner.get(path)) == []


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


def test_stripe_needs_the_owners_key_and_an_account_that_can_receive(
    owner: Caller, ada: Caller, path: str, merchant: Merchant, settings: Settings
) -> None:
    assert codes(put(ada, f"{ME}/payout-method", {"method": "stripe"})) == ["no_stripe_key", "account_not_ready"]
    set_api_key(merchant.organization_id, "sk_test_0123456789", settings)
    [problem] = owner.get(path).json["problems"]
    assert problem["reason"] == "account_not_ready"
    assert problem["sentence"]
    ready = {"transfers": "active", "stripe_account_id": "acct_1", "agreement": "full", "has_details": True}
    with db.transaction() as session:
        partner = session.get_one(Partner, merchant.partners["ada"])
        assert partner.partner_organization_id is not None
        accounts.insert(session, merchant.organization_id, partner.partner_organization_id, "DE", livemode=False)
        session.execute(update(ConnectedAccount).values(**ready))
    assert codes(owner.get(path)) == []


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


def test_a_bank_transfer_in_euros_needs_the_owners_account(owner: Caller, path: str, merchant: Merchant) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).currency = "eur"
    assert codes(put(owner, path, BANK)) == ["no_debtor"]
    put(owner, "/api/v1/payout-settings", {"debtor": DEBTOR})
    assert codes(owner.get(path)) == []


def test_a_method_without_a_destination_is_said(owner: Caller, path: str) -> None:
    owner.patch(path.removesuffix("/payout-method"), {"payout_method": "bank_transfer"})
    assert codes(owner.get(path)) == ["no_destination"]


def test_a_country_by_its_name_is_refused_with_an_example(owner: Caller, path: str) -> None:
    refused = put(owner, path, {"method": "paypal", "email": "a@example.com", "country": "Nigeria"})
    assert refused.json["error"]["message"] == "country must be a code of two letters, such as DE or US"


def test_what_is_missing_for_the_minimum_is_shown_to_owner_and_partner(
    owner: Caller, ada: Caller, path: str, merchant: Merchant
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).minimum_payouts = {"usd": 5000}
        sale = sell(session, merchant, "ada", 1)
    program = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}"
    owner.post(f"{program}/conversions/{sale.conversion_id}/approve")
    expected = {
        "currency": "usd",
        "payable_cents": 980,
        "minimum_cents": 5000,
        "missing_cents": 4020,
        "sentence": "9.80 USD is approved. A payout needs at least 50.00 USD, so 40.20 USD is missing.",
    }
    for answer in (owner.get(path), ada.get(f"{ME}/payout-method")):
        assert answer.json["next_payout"] == [expected]
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).minimum_payouts = {"usd": 980}
    [without] = ada.get(f"{ME}/payout-method").json["next_payout"]
    assert (without["missing_cents"], without["sentence"]) == (0, "9.80 USD is approved, but cannot be paid now.")
    put(owner, path, {"method": "payoneer", "email": "ada@example.com"})
    unable = ada.get(f"{ME}/payout-method").json
    assert [problem["reason"] for problem in unable["problems"]] == ["too_small"]
    assert unable["next_payout"] == [without]
    put(
        owner, path, {"method": "crypto", "network": "bitcoin", "address": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}
    )
    answer = ada.get(f"{ME}/payout-method").json
    assert answer["problems"] == []
    [ready] = answer["next_payout"]
    assert (ready["missing_cents"], ready["sentence"]) == (0, "9.80 USD is approved and will be in the next payout.")


def test_several_enrollments_need_the_program(application: Flask, merchant: Merchant, ada: Caller) -> None:
    with db.transaction() as session:
        other = open_merchant(session, "Elsewhere")
        twin = session.get_one(Partner, enroll(session, other, "ada"))
        twin.partner_organization_id = session.get_one(Partner, merchant.partners["ada"]).partner_organization_id
    for answer in (
        ada.get(f"{ME}/payout-method"),
        ada.get(f"{ME}/payout-methods"),
        put(ada, f"{ME}/payout-method", PAYPAL),
    ):
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "program_required")
        assert answer.json["error"]["param"] == "program_id"
    there = f"{ME}/payout-method?program_id={ids.encode('prog', other.program_id)}"
    assert put(ada, there, PAYPAL).json["program_id"] == ids.encode("prog", other.program_id)
    here = ada.get(f"{ME}/payout-method", program_id=ids.encode("prog", merchant.program_id)).json
    assert here["method"] is None
    unknown = ada.get(f"{ME}/payout-method", program_id="prog_x")
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "program_not_found")


def test_a_partner_that_was_banned_sets_nothing(ada: Caller, merchant: Merchant) -> None:
    with db.transaction() as session:
        enrollment.change_status(session, session.get_one(Partner, merchant.partners["ada"]), "banned")
    refused = put(ada, f"{ME}/payout-method", PAYPAL)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "enrollment_ended")


def test_an_organization_without_an_enrollment_has_no_method(application: Flask, merchant: Merchant) -> None:
    with db.transaction() as session:
        newcomer = hierarchy.create_organization(session, kind="affiliate", name="New").id
        _, plaintext = keys.create_key(session, newcomer, name="tests", level="manage")
    refused = Caller(application, plaintext).get(f"{ME}/payout-method")
    assert (refused.status_code, refused.json["error"]["code"]) == (404, "program_not_found")


def test_a_read_key_of_a_partner_sees_and_sets_no_method(application: Flask, merchant: Merchant) -> None:
    reader = caller(application, merchant, "ada", level="read")
    assert reader.get(f"{ME}/payout-method").status_code == 403
    assert put(reader, f"{ME}/payout-method", PAYPAL).status_code == 403


ADDRESS = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
SECRETS = (IBAN, "ada.pays@example.com", "DE89370400440532013000", ADDRESS, "4711-99")


def test_no_destination_reaches_a_log_or_the_audit_trail_or_a_table_in_plain(
    owner: Caller, ada: Caller, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of destinations that are stored, and of those that are refused."""
    crypto = {"method": "crypto", "network": "bitcoin", "address": ADDRESS}
    for body in (BANK, PAYPAL, crypto, {"method": "external", "reference": "supplier 4711-99"}):
        assert put(owner, path, body).status_code == 200
        assert put(ada, f"{ME}/payout-method", body).status_code == 200
        assert put(ada, f"{ME}/payout-method", {**body, "method": "stripe"}).status_code == 400
        assert put(ada, f"{ME}/payout-method", {**body, "town": "=x", "iban": f"{IBAN}0"}).status_code == 400
    assert put(owner, "/api/v1/payout-settings", {"debtor": DEBTOR}).status_code == 200
    assert put(owner, "/api/v1/payout-settings", {"debtor": {**DEBTOR, "bic": "x"}}).status_code == 400
    entries = owner.get("/api/v1/audit", limit=100)
    actions = [entry["action"] for entry in entries.json["data"]]
    assert actions.count("partner.payout_method_set") == 8
    assert actions.count("payout_settings.updated") == 1
    with db.transaction() as session:
        tables = session.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND has_table_privilege(oid, 'SELECT')"
            )
        ).all()
        rows = "".join(
            session.scalar(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")) or ""
            for table in tables
        )
    printed = capfd.readouterr()
    logged = printed.out + printed.err
    for secret in SECRETS:
        for where, words in (("audit", entries.text), ("tables", rows), ("log", logged)):
            assert secret not in words, where
    assert re.search("partner.payout_method_set", rows)
