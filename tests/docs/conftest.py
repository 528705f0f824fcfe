"""A shop as `accrual bootstrap` makes it, served over HTTP, and whatever its API answers written down."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask, Response, request
from sqlalchemy import Engine
from werkzeug.serving import make_server

from app import db, web
from app.config import Settings
from app.organizations import keys
from tests import cast
from tests.cast import Merchant
from tests.waiting import join

from .shell import Shell


@dataclass(frozen=True)
class Answer:
    """One answer; `path` is that of its route, None where there is none."""

    method: str
    path: str | None
    status: int
    body: str


@dataclass(frozen=True)
class Served:
    """The application behind an address, and what it has answered."""

    address: str
    answers: list[Answer] = field(default_factory=list)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of a test, with the limits that a new installation has."""
    limits = ("reads_per_minute", "writes_per_minute")
    return settings.model_copy(update={name: Settings.model_fields[name].default for name in limits})


@pytest.fixture
def application(settings: Settings, database: Engine) -> Flask:
    """An application of this test's own, since `served` adds to it."""
    return web.create_app(settings)


@pytest.fixture
def merchant(application: Flask) -> Merchant:
    """The shop with its program and without a partner."""
    with db.transaction() as session:
        return cast.open_merchant(session)


@pytest.fixture
def make_key(merchant: Merchant) -> Callable[[], str]:
    """Makes a manage key of the shop's and returns its plaintext."""

    def make() -> str:
        with db.transaction() as session:
            return keys.create_key(session, merchant.organization_id, name="the page", level="manage")[1]

    return make


@pytest.fixture
def key(make_key: Callable[[], str]) -> str:
    """A manage key of the shop's."""
    return make_key()


@pytest.fixture
def served(application: Flask) -> Iterator[Served]:
    """The application, on a port of its own in a thread."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    served = Served(f"http://127.0.0.1:{server.server_port}")

    @application.after_request
    def write_down(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else None
        body = "" if response.is_streamed else response.get_data(as_text=True)
        served.answers.append(Answer(request.method, rule, response.status_code, body))
        return response

    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    join(thread)
    server.server_close()


@pytest.fixture
def open_shell(tmp_path: Path) -> Callable[[], Shell]:
    """Opens a shell with curl; without curl the test skips, or fails where ACCRUAL_REQUIRE_CURL=1 demands it."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        missing = "no curl: install it to run the calls of docs/reference/api"
        if os.environ.get("ACCRUAL_REQUIRE_CURL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    home = tmp_path / "home"
    home.mkdir()
    return lambda: Shell(home, {"PATH": os.environ["PATH"]})
