"""Client keys and session tokens: which requests of app users are let in, and what they see."""

import time
from base64 import urlsafe_b64encode

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from app import db, ids, sealing
from app.config import Settings
from app.organizations import request_limits
from app.organizations.models import AuditEntry
from app.referrals import client_keys
from app.referrals.models import ClientKey
from tests.api.conftest import Caller, MakeCaller
from tests.cast import Merchant

from .conftest import ADMIN, CLAIM, MY_CODE, App, OpenApp, User

KEYS = "/api/v1/client-keys"
DAY = 86_400


def in_(seconds: int) -> int:
    return int(time.time()) + seconds


def unsigned(app: App) -> str:
    """A token whose header says that it has no signature."""
    header = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{header}.{app.token('ada').split('.')[1]}."


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"algorithm": "HS512"}, "another alg"),
        ({"exp": -1}, "expired"),
        ({"exp": None}, "needs exp"),
        ({"exp": "tomorrow"}, "JWT"),
        ({"exp": float("inf")}, "JWT"),
        ({"exp": DAY + 60}, "24 hours"),
        ({"exp": 10**30}, "24 hours"),
        ({"secret": "of another key, as long as ours is"}, "not signed"),
        ({"sub": None}, "needs exp, and sub"),
        ({"sub": " "}, "blank"),
        ({"sub": "a\x00b"}, "blank"),
        ({"sub": "a\ud800b"}, "blank"),
        ({"sub": "x" * 256}, "longer"),
        ({"nbf": 60}, "JWT"),
    ],
)
def test_a_session_token_that_is_not_valid_is_refused(app: App, claims: dict[str, object], words: str) -> None:
    """Numbers are seconds from now."""
    numbers = {name: in_(value) for name, value in claims.items() if isinstance(value, int)}
    answer = app.user("ada", **{**claims, **numbers}).get(MY_CODE)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert words in answer.json["error"]["message"]


def test_a_request_without_a_usable_key_and_token_is_refused(application: Flask, app: App, owner: Caller) -> None:
    token = app.token("ada")
    for key, sent in (
        (None, token),
        ("rfk_test_unknown", token),
        (app.key, None),
        (app.key, "no token"),
        (app.key, unsigned(app)),
        (app.key, app.key),
        (app.key, owner.key),
    ):
        answer = User(application, key, sent).get(MY_CODE)
        assert (answer.status_code, answer.json["error"]["code"]) == (401, "UNAUTHENTICATED"), sent
    assert owner.get(MY_CODE).status_code == 401
    assert app.user("ada", exp=in_(DAY - 5), iat=in_(3), aud="some app").get(MY_CODE).status_code == 201


def test_a_session_token_opens_nothing_of_the_merchants(application: Flask, app: App) -> None:
    ada = app.user("ada")
    for path in (KEYS, f"{ADMIN}/codes", "/api/v1/partners"):
        assert ada.get(path).status_code == 401


def test_a_client_key_is_made_changed_and_revoked(owner: Caller, settings: Settings) -> None:
    made = owner.call("POST", KEYS, {"Idempotency-Key": "one"}, json={"name": "iOS"})
    assert made.status_code == 201
    secret = made.json.pop("client_secret")
    assert made.json["client_key"].startswith("rfk_test_")
    assert made.json["claims"] == "per_code"
    again = owner.call("POST", KEYS, {"Idempotency-Key": "one"}, json={"name": "iOS"})
    assert again.json == {**made.json, "client_secret": None}
    path = f"{KEYS}/{made.json['id']}"
    assert owner.get(path).json == made.json
    assert owner.get(KEYS).json == {"data": [made.json], "has_more": False}
    assert sealing.unseal(stored(made.json["id"]).secret_encrypted or "", settings) == secret
    assert owner.patch(path, {"claims": "once", "name": "Android"}).json["claims"] == "once"
    assert owner.patch(path, {"claims": "twice"}).status_code == 400
    app = App(owner.application, made.json["client_key"], secret, made.json["id"])
    assert app.user("ada").get(MY_CODE).status_code == 201
    assert owner.get(path).json["last_used_at"] is not None
    revoked = owner.call("DELETE", path)
    assert (revoked.status_code, revoked.json["revoked_at"] is None) == (200, False)
    assert owner.call("DELETE", path).json == revoked.json
    assert stored(made.json["id"]).secret_encrypted is None
    assert app.user("ada").get(MY_CODE).status_code == 401
    with db.transaction() as session:
        entries = session.execute(select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.id)).all()
    actions = [entry.action for entry in entries]
    assert actions == ["client_key.created", "client_key.updated", "referral_code.created", "client_key.revoked"]
    assert secret not in str(entries)


def test_secrets_are_encrypted_again_with_the_newest_key(app: App, settings: Settings) -> None:
    newer = urlsafe_b64encode(b"another thirty-two bytes in here").decode()
    both = settings.model_copy(update={"secret_key": SecretStr(f"{newer},{settings.secret_keys[0]}")})
    with db.transaction() as session:
        assert client_keys.reseal_all(session, "cli", both) == 1
    only = settings.model_copy(update={"secret_key": SecretStr(newer)})
    assert sealing.unseal(stored(app.id).secret_encrypted or "", only) == app.secret


def test_merchants_and_modes_do_not_share_codes(
    open_app: OpenApp, merchant: Merchant, owner: Caller, stranger: Caller, caller_of: MakeCaller
) -> None:
    code = open_app().user("ada").code
    live = caller_of(merchant, livemode=True)
    for caller in (stranger, live):
        other = open_app(caller)
        answer = other.user("ben").post(CLAIM, {"code": code})
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "INVALID_CODE")
        assert other.user("ada").get(MY_CODE).status_code == 201, "the same id is another user there"
        assert [one["app_user_id"] for one in caller.get(f"{ADMIN}/codes").json["data"]] == ["ada"]
        assert len(caller.get(KEYS).json["data"]) == 1
    assert owner.get(KEYS).json["data"][0]["livemode"] is False
    assert live.get(KEYS).json["data"][0]["client_key"].startswith("rfk_live_")


def test_each_app_user_has_the_limits_of_a_key(app: App, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    request_limits.connect(settings.model_copy(update={"reads_per_minute": 2}))
    answers = [app.user("ada").get(MY_CODE) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 200, 429]
    assert answers[2].json["error"]["code"] == "RATE_LIMITED"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert app.user("ben").get(MY_CODE).status_code == 201


def test_pages_of_every_origin_may_call(application: Flask, app: App) -> None:
    preflight = User(application, None, None).call("OPTIONS", CLAIM, {"Origin": "https://app.example"})
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "X-Api-Key" in preflight.headers["Access-Control-Allow-Headers"]
    assert app.user("ada").get(MY_CODE).headers["Access-Control-Allow-Origin"] == "*"


def stored(public_id: str) -> ClientKey:
    with db.transaction() as session:
        return session.get_one(ClientKey, ids.decode(public_id, ids.CLIENT_KEY))
