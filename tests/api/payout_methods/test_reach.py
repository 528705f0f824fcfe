"""What a method cannot do is said: the countries and currencies it reaches, and what the owner has not set up."""

from sqlalchemy import update

from app import db, ids
from app.config import Settings
from app.partners.models import Partner
from app.payouts.connect import accounts
from app.payouts.connect.models import ConnectedAccount
from app.programs.models import Program
from tests.api.conftest import Caller
from tests.api.sales import sell
from tests.cast import Merchant, set_api_key
from tests.outbox.listening import listen

from .conftest import BANK, DEBTOR, ME, PAYPAL, codes, put


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
    in_kronur = ada.get(f"{ME}/payout-methods", country="DE", currency="isk").json
    assert {one["method"] for one in in_kronur["methods"] if one["reason"] == "currency"} == {"paypal", "payoneer"}


def test_the_country_is_that_of_the_present_method_unless_it_is_named(ada: Caller) -> None:
    put(ada, f"{ME}/payout-method", {"method": "payoneer", "email": "ada@example.com", "country": "NG"})
    assert ada.get(f"{ME}/payout-methods").json["country"] == "NG"
    assert ada.get(f"{ME}/payout-methods", country="Nigeria").status_code == 400
    assert ada.get(f"{ME}/payout-methods", country="XX").json["error"]["param"] == "country"


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


def test_a_bank_transfer_in_euros_needs_the_owners_account(owner: Caller, path: str, merchant: Merchant) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).currency = "eur"
    assert codes(put(owner, path, BANK)) == ["no_debtor"]
    put(owner, "/api/v1/payout-settings", {"debtor": DEBTOR})
    assert codes(owner.get(path)) == []


def test_a_method_without_a_destination_is_said(owner: Caller, path: str) -> None:
    owner.patch(path.removesuffix("/payout-method"), {"payout_method": "bank_transfer"})
    assert codes(owner.get(path)) == ["no_destination"]


def test_what_is_missing_for_the_minimum_is_shown_to_owner_and_partner(
    owner: Caller, ada: Caller, path: str, merchant: Merchant
) -> None:
    with db.transaction() as session:
        session.get_one(Program, merchant.program_id).minimum_payouts = {"usd": 5000}
        sale = sell(session, merchant, "ada", 1)
        sell(session, merchant, "ada", 2)
    program = f"/v1/admin/affiliate/programs/{ids.encode('prog', merchant.program_id)}"
    owner.post(f"{program}/conversions/{sale.conversion_id}/approve")
    expected = {
        "currency": "usd",
        "payable_cents": 980,
        "minimum_cents": 5000,
        "missing_cents": 4020,
        "sentence": "9.80 USD is approved. A payout needs at least 50.00 USD, so 40.20 USD is missing.",
        "accrued_cents": 980,
        "accrued_sentence": "9.80 USD more are earned and not approved yet. Each commission's page says when.",
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
