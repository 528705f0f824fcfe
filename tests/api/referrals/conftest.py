"""An app of the shop's with a client key, and its users, each with a session token."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from flask import Flask

from tests.api.conftest import Answer, Caller

CLAIM = "/client/referrals/claim"
MY_CODE = "/client/referrals/my-code"
ADMIN = "/v1/admin/referrals"


@dataclass(frozen=True)
class App:
    """An app with a client key; `secret` is what its backend signs session tokens with."""

    application: Flask
    key: str
    secret: str
    id: str

    def token(self, user: str, *, secret: str | None = None, algorithm: str = "HS256", **claims: Any) -> str:
        """A session token; `claims` replace its own, None leaves one out."""
        named = {"sub": user, "exp": int(time.time()) + 600, **claims}
        kept = {name: value for name, value in named.items() if value is not None}
        return jwt.encode(kept, secret or self.secret, algorithm=algorithm)

    def user(self, user: str, **claims: Any) -> "User":
        return User(self.application, self.key, self.token(user, **claims))


@dataclass(frozen=True)
class User:
    """An app user; without a token it sends none."""

    application: Flask
    key: str | None
    token: str | None

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.call("POST", path, headers, json=body)

    def claim(self, code: str) -> Answer:
        return self.post(CLAIM, {"code": code})

    @property
    def code(self) -> str:
        """Its own code."""
        code: str = self.get(MY_CODE).json["data"]["code"]
        return code

    @property
    def balances(self) -> dict[str, int]:
        return {one["currency"]: one["balance"] for one in self.get("/client/balances").json["data"]}

    def call(self, method: str, path: str, extra: dict[str, str] | None = None, **request: Any) -> Answer:
        headers = {} if self.key is None else {"X-Api-Key": self.key}
        headers |= {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        with self.application.test_client().open(
            path, method=method, headers=headers | (extra or {}), **request
        ) as answer:
            return Answer(answer.status_code, answer.get_json(silent=True), answer.text, answer.headers)


OpenApp = Callable[..., App]


@pytest.fixture
def open_app(application: Flask, owner: Caller) -> OpenApp:
    """Make a client key: `open_app(claims="once")`."""

    def make(caller: Caller = owner, **body: Any) -> App:
        made = caller.post("/api/v1/client-keys", {"name": "app", **body}).json
        return App(application, made["client_key"], made["client_secret"], made["id"])

    return make


@pytest.fixture
def app(open_app: OpenApp) -> App:
    """An app whose users claim each code once."""
    return open_app()


@pytest.fixture
def template(owner: Caller) -> dict[str, Any]:
    """New codes grant 50 credits to their user, and 20 credits and 5 coins to the one who claims them."""
    owner.post(f"{ADMIN}/currencies", {"code": "credits", "max_balance": 120})
    owner.post(f"{ADMIN}/currencies", {"code": "coins"})
    rewards = {"reward_referrer": {"credits": 50}, "reward_referee": {"credits": 20, "coins": 5}}
    made: dict[str, Any] = owner.post(f"{ADMIN}/codes", rewards).json
    return made
