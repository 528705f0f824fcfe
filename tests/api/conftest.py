"""Callers of the API, and sales to read about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.datastructures import Headers

from app import db
from app.organizations import keys
from tests.cast import Merchant, open_merchant


@dataclass(frozen=True)
class Answer:
    """What came back; `json` is None where it is no JSON."""

    status_code: int
    json: Any
    text: str
    headers: Headers


@dataclass(frozen=True)
class Caller:
    """A caller with a key; `None` sends none."""

    application: Flask
    key: str | None

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, query_string=query)

    def csv(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, {"Accept": "text/csv"}, query_string=query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, **({} if body is None else {"json": body}))

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, json=body)

    def call(self, method: str, path: str, extra: dict[str, str] | None = None, **request: Any) -> Answer:
        """`extra` are headers beside the key's."""
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        headers |= extra or {}
        with self.application.test_client().open(path, method=method, headers=headers, **request) as answer:
            return Answer(
                answer.status_code,
                answer.get_json(silent=True),
                answer.get_data().decode(errors="replace"),
                answer.headers,
            )


def figure(text: str, name: str) -> float:
    """A figure of `/metrics` by its name and labels; 0 if nothing was counted yet."""
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.rpartition(" ")[0] == name]
    return float(found[0]) if found else 0.0


MakeCaller = Callable[..., Caller]


@pytest.fixture
def caller_of(application: Flask) -> MakeCaller:
    """Make a caller of a merchant's: `caller_of(merchant, "read", "partners:read")`."""

    def make(merchant: Merchant, level: str = "manage", *scopes: str, livemode: bool = False) -> Caller:
        with db.transaction() as session:
            _, plaintext = keys.create_key(
                session, merchant.organization_id, name="tests", level=level, livemode=livemode, scopes=scopes
            )
        return Caller(application, plaintext)

    return make


@pytest.fixture
def owner(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    """The shop, with a manage key."""
    return caller_of(merchant)


@pytest.fixture
def reader(merchant: Merchant, caller_of: MakeCaller) -> Caller:
    """The shop, with a read key."""
    return caller_of(merchant, "read")


@pytest.fixture
def stranger(application: Flask, caller_of: MakeCaller) -> Caller:
    """Another shop, with a manage key."""
    with db.transaction() as session:
        elsewhere = open_merchant(session, "Elsewhere")
    return caller_of(elsewhere)


@pytest.fixture
def anonymous(application: Flask) -> Caller:
    return Caller(application, None)


@pytest.fixture
def statements(application: Flask) -> Iterator[list[tuple[str, object]]]:
    """Every statement from now on, with its parameters."""
    seen: list[tuple[str, object]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(db.web_engine(), "before_cursor_execute", keep)
    yield seen
    event.remove(db.web_engine(), "before_cursor_execute", keep)
