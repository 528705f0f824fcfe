"""App users' codes and claims over HTTP: answers, refusals, rewards, limits, and claims at the same time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app import db
from app.integrity import referral_rules, verify
from app.organizations.models import AuditEntry
from app.referrals import codes
from app.referrals.models import CurrencyTransaction, ReferralClaim, ReferralCode
from tests.api.conftest import Caller

from .conftest import ADMIN, CLAIM, MY_CODE, App, OpenApp

THREADS = 20


def error(answer: Any) -> tuple[int, str]:
    """Status and code; an error has a code and a message and nothing else."""
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    return answer.status_code, answer.json["error"]["code"]


def transactions() -> list[tuple[str, str, int, int, int]]:
    with db.transaction() as session:
        rows = session.scalars(select(CurrencyTransaction).order_by(CurrencyTransaction.id)).all()
        assert {row.source for row in rows} <= {"referral"}
        return [(row.app_user_id, row.currency, row.amount, row.reward, row.balance_after) for row in rows]


def count(model: type[ReferralClaim | CurrencyTransaction]) -> int:
    with db.transaction() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def broken_rules() -> list[str]:
    with db.transaction() as session:
        return [breach.rule for breach in verify.verify(session)]


def uses(code: str) -> int:
    with db.transaction() as session:
        return session.scalars(select(ReferralCode.current_uses).where(ReferralCode.code == code)).one()


def test_a_code_is_made_by_the_first_read_with_the_rules_of_the_first_active_template(
    owner: Caller, app: App, template: dict[str, Any]
) -> None:
    owner.post(f"{ADMIN}/codes", {"max_uses": 3})
    ada = app.user("user_1")
    made = ada.get(MY_CODE)
    assert made.status_code == 201
    [shown] = made.json.values()
    assert shown == {
        "id": shown["id"],
        "app_user_id": "user_1",
        "code": shown["code"],
        "reward_referrer": {"credits": 50},
        "reward_referee": {"credits": 20, "coins": 5},
        "current_uses": 0,
        "max_uses": None,
        "is_active": True,
    }
    assert shown["id"].startswith("rfc_")
    assert len(shown["code"]) == 6
    assert set(shown["code"]) <= set(codes.ALPHABET)
    assert (ada.get(MY_CODE).status_code, ada.get(MY_CODE).json) == (200, made.json)
    owner.patch(f"{ADMIN}/codes/{template['id']}", {"is_active": False})
    second = app.user("user_2").get(MY_CODE).json["data"]
    assert (second["max_uses"], second["reward_referrer"]) == (3, {})
    assert ada.get(MY_CODE).json == made.json


def test_a_claim_counts_and_grants_both_rewards(app: App, template: dict[str, Any], owner: Caller) -> None:
    ada, ben = app.user("ada"), app.user("ben")
    made = ben.claim(f" {ada.code.lower()} ")
    assert made.status_code == 201
    [shown] = made.json.values()
    code_id = ada.get(MY_CODE).json["data"]["id"]
    names = ["id", "referral_code_id", "referrer_id", "referee_id", "claimed_at"]
    assert list(shown) == names
    assert [shown[name] for name in names[1:4]] == [code_id, "ada", "ben"]
    assert shown["id"].startswith("clm_")
    assert ada.get(MY_CODE).json["data"]["current_uses"] == 1
    assert (ada.balances, ben.balances) == ({"credits": 50}, {"coins": 5, "credits": 20})
    assert ada.get("/client/balances").json == {"data": [{"currency": "credits", "balance": 50, "max_balance": 120}]}
    assert owner.get(f"{ADMIN}/claims", code_id=code_id).json["data"] == [shown]
    with db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "referral.claimed")).one()
    assert (entry.actor, entry.subject_id) == (app.id, shown["id"])
    assert "ben" not in str(entry.details)


def test_each_refusal_has_its_status_and_code(owner: Caller, app: App, template: dict[str, Any]) -> None:
    owner.patch(f"{ADMIN}/codes/{template['id']}", {"max_uses": 1})
    ada, ben, cleo = (app.user(name) for name in ("ada", "ben", "cleo"))
    code = ada.code
    assert error(ben.claim("ZZZZZZ")) == (404, "INVALID_CODE")
    assert error(ada.claim(code)) == (400, "SELF_REFERRAL")
    assert ben.claim(code).status_code == 201
    assert error(ben.claim(code)) == (400, "ALREADY_CLAIMED")
    assert error(cleo.claim(code)) == (400, "MAX_USES_REACHED")
    owner.patch(f"{ADMIN}/codes/{ada.get(MY_CODE).json['data']['id']}", {"is_active": False})
    assert error(cleo.claim(code)) == (404, "INVALID_CODE")
    assert (count(ReferralClaim), uses(code)) == (1, 1)


@pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": None}, {"code": "K7M2QX", "app_user_id": "eve"}, [], None])
def test_a_wrong_body_is_refused(app: App, body: Any) -> None:
    assert error(app.user("ada").post(CLAIM, body)) == (400, "INVALID_REQUEST")


def test_refusals_by_the_server_are_upper_case_too(app: App) -> None:
    ada = app.user("ada")
    assert error(ada.get(CLAIM)) == (405, "METHOD_NOT_ALLOWED")
    assert error(ada.get("/client/nothing")) == (404, "NOT_FOUND")
    assert error(ada.call("POST", CLAIM, data="code=1")) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_rewards_are_limited_by_the_most_that_a_balance_may_have(
    owner: Caller, app: App, template: dict[str, Any]
) -> None:
    ada = app.user("ada")
    code = ada.code
    for number in range(4):
        assert app.user(f"friend_{number}").claim(code).status_code == 201
    assert ada.balances == {"credits": 120}
    hers = [one[2:] for one in transactions() if one[0] == "ada"]
    assert hers == [(50, 50, 50), (50, 50, 100), (20, 50, 120), (0, 50, 120)]
    listed = owner.get(f"{ADMIN}/transactions", app_user_id="ada").json["data"]
    assert [(one["amount"], one["reward"], one["balance_after"]) for one in reversed(listed)] == hers
    [currency] = [one for one in owner.get(f"{ADMIN}/currencies").json["data"] if one["code"] == "credits"]
    owner.patch(f"{ADMIN}/currencies/{currency['id']}", {"max_balance": 10})
    assert app.user("friend_5").claim(code).status_code == 201
    assert ada.balances == {"credits": 120}, "what it has stays"
    assert app.user("friend_5").balances["credits"] == 10


def test_a_single_use_code_is_claimed_once_by_many_at_the_same_time(
    owner: Caller, app: App, template: dict[str, Any]
) -> None:
    owner.patch(f"{ADMIN}/codes/{template['id']}", {"max_uses": 1})
    code = app.user("ada").code
    users = [app.user(f"user_{number}") for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda user: user.claim(code), users))
    assert sorted(one.status_code for one in answers) == [201, *[400] * (THREADS - 1)]
    assert {error(one) for one in answers if one.status_code == 400} == {(400, "MAX_USES_REACHED")}
    assert (count(ReferralClaim), uses(code), count(CurrencyTransaction)) == (1, 1, 3)


def test_one_user_at_the_same_time_claims_a_code_once_and_with_once_one_code_in_all(
    open_app: OpenApp, template: dict[str, Any]
) -> None:
    once = open_app(claims="once")
    own = [once.user(f"user_{number}").code for number in range(4)]
    ben = once.user("ben")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ben.claim, own * 2))
    assert sorted(one.status_code for one in answers) == [201, *[400] * 7]
    assert {error(one) for one in answers if one.status_code == 400} == {(400, "ALREADY_CLAIMED")}
    cleo = open_app().user("cleo")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(cleo.claim, own * 2))
    assert sorted(one.status_code for one in answers) == [*[201] * 4, *[400] * 4]


def test_users_who_claim_each_others_codes_at_the_same_time_do_not_block_each_other(
    app: App, template: dict[str, Any]
) -> None:
    users = [app.user(f"user_{number}") for number in range(4)]
    own = [user.code for user in users]
    pairs = [(user, code) for user, mine in zip(users, own, strict=True) for code in own if code != mine]
    with ThreadPoolExecutor(len(pairs)) as pool:
        answers = list(pool.map(lambda pair: pair[0].claim(pair[1]), pairs))
    assert {one.status_code for one in answers} == {201}
    assert [user.balances["credits"] for user in users] == [120] * 4
    assert count(CurrencyTransaction) == 3 * len(pairs)
    assert broken_rules() == []


@pytest.mark.parametrize(
    ("tampering", "rules"),
    [
        ("UPDATE currency_balances SET balance = balance + 1 WHERE app_user_id = 'ada'", [referral_rules.BALANCES]),
        ("DELETE FROM currency_balances WHERE app_user_id = 'ada'", [referral_rules.BALANCES]),
        ("UPDATE referral_codes SET current_uses = 2 WHERE app_user_id = 'ada'", [referral_rules.USES]),
    ],
)
def test_verification_finds_a_balance_or_a_count_that_was_changed(
    app: App, template: dict[str, Any], tampering: str, rules: list[str]
) -> None:
    app.user("ben").claim(app.user("ada").code)
    assert broken_rules() == []
    with db.transaction() as session:
        session.execute(text(tampering))
    assert broken_rules() == rules


def test_first_reads_at_the_same_time_make_one_code(app: App) -> None:
    ada = app.user("ada")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ada.get(MY_CODE), range(8)))
    assert sorted(one.status_code for one in answers) == [*[200] * 7, 201]
    assert len({one.json["data"]["code"] for one in answers}) == 1


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("UPDATE referral_codes SET current_uses = 2147483647 WHERE app_user_id = 'ada'", "CREATE_FAILED"),
        ("UPDATE currency_balances SET balance = 9223372036854775807 WHERE currency = 'coins'", "CLAIM_FAILED"),
    ],
)
def test_what_fails_leaves_nothing_of_the_claim(app: App, template: dict[str, Any], broken: str, code: str) -> None:
    """A count or a balance that is as large as its column can hold."""
    ada, ben = app.user("ada"), app.user("ben")
    ben.claim(app.user("dan").code)
    own = ada.code
    with db.transaction() as session:
        session.execute(text(broken))
    before = transactions(), count(ReferralClaim), uses(own)
    assert error(ben.claim(own)) == (500, code)
    assert error(ben.post(CLAIM, {"code": own}, **{"Idempotency-Key": "again"})) == (500, code)
    assert (transactions(), count(ReferralClaim), uses(own)) == before
    assert "credits" not in ada.balances


def test_without_a_free_code_five_tries_end_in_an_error(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "ALPHABET", "A")
    assert app.user("ada").code == "AAAAAA"
    assert error(app.user("ben").get(MY_CODE)) == (500, "RETRY_EXHAUSTED")
    assert app.user("ada").code == "AAAAAA"


def test_a_claim_repeated_with_its_idempotency_key_gets_the_first_answer_and_another_user_its_own(
    app: App, template: dict[str, Any]
) -> None:
    code = app.user("ada").code
    ben, cleo = app.user("ben"), app.user("cleo")
    first, again, others = (user.post(CLAIM, {"code": code}, **{"Idempotency-Key": "one"}) for user in (ben, ben, cleo))
    assert (first.status_code, again.json, again.headers["Idempotent-Replayed"]) == (201, first.json, "true")
    assert (others.status_code, others.json["data"]["referee_id"]) == (201, "cleo")
    assert error(ben.post(CLAIM, {"code": "OTHERS"}, **{"Idempotency-Key": "one"})) == (409, "IDEMPOTENCY_CONFLICT")
