"""A shop as `accrual bootstrap` makes it, served over HTTP, and whatever its API answers written down."""

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from app import db
from app.config import Settings
from app.organizations import keys
from tests import cast
from tests.cast import Merchant
from tests.waiting import join
from worker.payouts import reserving
from worker.transfer import exports

from .shell import Shell

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MakeKey = Callable[..., str]
"""Makes a manage key, `livemode` or of test mode, and gives its plaintext."""


@dataclass(frozen=True)
class Answer:
    """One answer; `path` is that of its route, None where there is none."""

    method: str
    path: str | None
    status: int
    body: str
    content_type: str


@dataclass(frozen=True)
class Served:
    """The application behind an address, and what it has answered."""

    address: str
    answers: list[Answer] = field(default_factory=list)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of a test, with the limits that a new installation has, and payouts switched on."""
    limits = ("reads_per_minute", "writes_per_minute")
    own = {name: Settings.model_fields[name].default for name in limits}
    return settings.model_copy(update={**own, "payouts_live": True})


@pytest.fixture
def merchant(application: Flask) -> Merchant:
    """The shop with its program and without a partner."""
    with db.transaction() as session:
        return cast.open_merchant(session)


@pytest.fixture
def make_key(merchant: Merchant) -> MakeKey:
    """Makes a manage key of the shop's, of test mode if none is named, and returns its plaintext."""

    def make(*, livemode: bool = False) -> str:
        with db.transaction() as session:
            owner_id = merchant.organization_id
            return keys.create_key(session, owner_id, name="the page", level="manage", livemode=livemode)[1]

    return make


@pytest.fixture
def key(make_key: MakeKey) -> str:
    """A manage key of the shop's."""
    return make_key()


@pytest.fixture
def served(application: Flask) -> Iterator[Served]:
    """The application, on a port of its own in a thread; runs are reserved and exports made after each request."""
    answers: list[Answer] = []

    def recording(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        response = Response.from_app(application.wsgi_app, environ, buffered=True)
        reserving.work_slice(60)
        exports.work_slice(60)
        body = response.get_data().decode(errors="replace")
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        answers.append(Answer(method, _route(application, method, path), response.status_code, body, response.mimetype))
        return response(environ, start_response)

    server = make_server("127.0.0.1", 0, recording, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.server_port}", answers)
    server.shutdown()
    join(thread)
    server.server_close()


def _route(application: Flask, method: str, path: str) -> str | None:
    try:
        rule, _ = application.url_map.bind("").match(path, method, return_rule=True)
    except HTTPException:
        return None
    return str(rule.rule)


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
