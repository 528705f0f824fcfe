"""What a merchant sets and sees of its app users' referrals."""

from typing import Any

import pytest

from tests.api.conftest import Caller, MakeCaller
from tests.cast import Merchant

from .conftest import ADMIN, MY_CODE, App


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("codes", {"reward_referrer": {"gold": 1}}, "reward_referrer"),
        ("codes", {"reward_referee": {"credits": 0}}, "reward_referee.credits"),
        ("codes", {"reward_referee": {"credits": 1.5}}, "reward_referee.credits"),
        ("codes", {"reward_referee": None}, "reward_referee"),
        ("codes", {"max_uses": 0}, "max_uses"),
        ("codes", {"code": "FREE"}, "code"),
        ("currencies", {}, "code"),
        ("currencies", {"code": "a b"}, "code"),
        ("currencies", {"code": "gems", "max_balance": -1}, "max_balance"),
    ],
)
def test_a_wrong_field_is_named(
    owner: Caller, template: dict[str, Any], path: str, body: dict[str, Any], param: str
) -> None:
    answer = owner.post(f"{ADMIN}/{path}", body)
    assert (answer.status_code, answer.json["error"]["param"].partition(".[key]")[0]) == (400, param)


def test_a_currency_exists_once(owner: Caller, template: dict[str, Any]) -> None:
    answer = owner.post(f"{ADMIN}/currencies", {"code": "credits"})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "currency_taken")


def test_codes_claims_and_balances_are_listed_and_filtered(owner: Caller, app: App, template: dict[str, Any]) -> None:
    ada, ben, cleo = (app.user(name) for name in ("ada", "ben", "cleo"))
    for user in (ben, cleo):
        user.claim(ada.code)
    ada.claim(ben.code)
    assert [one["app_user_id"] for one in owner.get(f"{ADMIN}/codes").json["data"]] == ["ben", "ada", None]
    assert owner.get(f"{ADMIN}/codes", templates=True).json["data"] == [template]
    assert [one["code"] for one in owner.get(f"{ADMIN}/codes", app_user_id="ada").json["data"]] == [ada.code]
    assert len(owner.get(f"{ADMIN}/codes", templates=False).json["data"]) == 2
    found = owner.get(f"{ADMIN}/claims").json["data"]
    assert [(one["referrer_id"], one["referee_id"]) for one in found] == [
        *(("ben", "ada"), ("ada", "cleo"), ("ada", "ben"))
    ]
    code_id = ada.get(MY_CODE).json["data"]["id"]
    for filters, expected in (
        ({"code_id": code_id}, found[1:]),
        ({"referrer_id": "ada", "referee_id": "ben"}, found[2:]),
        ({"starting_after": found[0]["id"], "limit": 1}, [found[1]]),
    ):
        assert owner.get(f"{ADMIN}/claims", **filters).json["data"] == expected
    assert owner.get(f"{ADMIN}/claims", code_id="rfc_1").status_code == 400
    balances = owner.get(f"{ADMIN}/balances", app_user_id="ada").json["data"]
    assert {(one["currency"], one["balance"]) for one in balances} == {("credits", 120), ("coins", 5)}
    assert len(owner.get(f"{ADMIN}/balances", currency="credits").json["data"]) == 3
    assert owner.get(f"{ADMIN}/codes/{template['id']}").json == template


def test_a_code_of_an_app_user_is_changed_by_its_merchant(owner: Caller, app: App, template: dict[str, Any]) -> None:
    ada = app.user("ada")
    code_id = ada.get(MY_CODE).json["data"]["id"]
    changes = {"reward_referrer": {"coins": 7}, "reward_referee": {}, "max_uses": 5}
    changed = owner.patch(f"{ADMIN}/codes/{code_id}", changes)
    assert changed.status_code == 200
    assert app.user("ben").claim(ada.code).status_code == 201
    assert (ada.balances, app.user("ben").balances) == ({"coins": 7}, {})
    assert owner.patch(f"{ADMIN}/codes/{code_id}", {"max_uses": None}).json["max_uses"] is None
    assert owner.patch(f"{ADMIN}/codes/{code_id}", {"reward_referee": {"gold": 1}}).status_code == 400
    assert owner.patch(f"{ADMIN}/codes/rfc_1", {"max_uses": 1}).json["error"]["code"] == "referral_code_not_found"


def test_reading_referrals_needs_a_scope_or_a_manage_key(merchant: Merchant, caller_of: MakeCaller) -> None:
    assert caller_of(merchant, "read").get(f"{ADMIN}/balances").status_code == 403
    assert caller_of(merchant, "read", "referrals:read").get(f"{ADMIN}/balances").status_code == 200
    assert caller_of(merchant, "read", "referrals:read").post(f"{ADMIN}/codes", {}).status_code == 403
