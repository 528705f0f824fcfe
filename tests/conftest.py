"""Servers, databases, the cast, and the few functions that tests of whole stories use.

One Postgres, one Valkey and one application serve the whole run, or each process of it where several share the tests.
Every test gets an empty database of its own, so that it commits like the real thing.
"""

import functools
import gc
import json
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis.utils
import typer.testing
import xdist
import xdist.workermanage
from flask import Flask
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine

from app import db, direct, jobs, web
from app.config import Settings
from app.integrity import verify
from app.organizations import request_limits
from app.stripe_events import envelope, inbox
from worker.inbox.drain import work_batch

from . import books, cast
from .books import Books
from .prepared import PreparedShops
from .servers import Servers, running
from .stripe_stories.facts import Event

UNLIMITED = 1_000_000
"""Requests a minute, so that no test meets the limits but those about them."""
GARBAGE_THRESHOLD = 20_000
"""After so many new objects the youngest are collected; Python's default is 700."""
WEBHOOK_SECRET = "whsec_of_the_tests"
SECRET_KEY = urlsafe_b64encode(b"thirty-two bytes for these tests").decode()

Deliver = Callable[[Iterable[Event]], None]
Drain = Callable[[], int]
Ledger = Callable[[], Books]
Tally = Callable[[str, int], None]

_counted = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", action="store_true", help="tests marked `proof` take their full set, not a sample")
    parser.addoption("--rewrite-golden", action="store_true", help="make golden files of mails as they are now")
    parser.addoption("--screenshots", help="the directory that pictures of all pages are written to")
    parser.addoption("--language", default="de", help="of the pages that are looked at; German has the longer words")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_counted] = Counter()
    hypothesis.settings.register_profile("proofs", max_examples=2_000)
    if config.getoption("--proofs"):
        hypothesis.settings.load_profile("proofs")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was loaded so far, which lives as long as the process, out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several that share the tests hands in what it counted."""
    if xdist.is_xdist_worker(session):
        session.config.workeroutput["counted"] = dict(session.config.stash[_counted])  # type: ignore[attr-defined]


def pytest_testnodedown(node: xdist.workermanage.WorkerController) -> None:
    node.config.stash[_counted].update(getattr(node, "workeroutput", {}).get("counted", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for what, how_many in config.stash[_counted].items():
        terminalreporter.write_line(f"{how_many:>9,} {what}")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Count something over the whole run; the sums are printed at its end."""

    def tally(what: str, how_many: int) -> None:
        request.config.stash[_counted][what] += how_many

    return tally


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Postgres and Valkey for this run, and a migrated database to copy."""
    with running() as servers:
        yield servers


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A migrated, empty database of this test's own; the address logs in as its owner."""
    with servers.database() as name:
        yield servers.database_url(name)


@pytest.fixture
def database(servers: Servers, database_url: str) -> Iterator[Engine]:
    """This process connected to the test's database, as the worker's role and, for the web application, as its own."""
    servers.connections.attach(database_url)
    yield db.engine()
    servers.connections.detach(database_url)


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """An empty Valkey."""
    servers.empty_valkey()
    return servers.valkey.url


@pytest.fixture(scope="session")
def any_settings() -> Settings:
    """What the settings of all tests share; read once, since reading the environment takes ten milliseconds."""
    return Settings(
        DATABASE_URL="postgresql+psycopg://nowhere/none",
        REDIS_URL="redis://nowhere",
        secret_key=SECRET_KEY,
        reads_per_minute=UNLIMITED,
        writes_per_minute=UNLIMITED,
    )


@pytest.fixture
def settings(any_settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    changes = {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path}
    return any_settings.model_copy(update=changes)


@pytest.fixture(scope="session", autouse=True)
def patient_limits() -> Iterator[None]:
    """Count requests also on a busy machine: one waits a tenth of a second for Redis and then passes uncounted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_limits, "CALL_TIMEOUT_SECONDS", 10.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """Let libraries make once what they otherwise make at each use.

    Each Redis client reads the library's version from a file, two milliseconds of CPU; each command that a test runs
    in this process builds all other commands as well, a tenth of a second.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.utils, "get_lib_version", functools.cache(redis.utils.get_lib_version))
        patch.setattr(typer.testing, "_get_command", functools.cache(typer.testing._get_command))
        yield


@pytest.fixture(scope="session")
def assembled() -> OpenAPI:
    """The web application, not connected to anything; made once, because its document takes long."""
    return web.assemble()


@pytest.fixture
def application(servers: Servers, assembled: OpenAPI, settings: Settings, database: Engine) -> Flask:
    """The web application on the test's database and queue, which this process is connected to as well."""
    with servers.connections.web_kept():
        web.connect(assembled, settings)
    return assembled


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    return application.test_client()


@pytest.fixture
def commission() -> Mapping[str, Any]:
    """What the shop's program pays: 20 % of everything, unless a file of tests says otherwise."""
    return cast.PERCENTAGE


@pytest.fixture
def holdback_days() -> int:
    """How long a commission waits for the clock to approve it."""
    return cast.HOLDBACK_DAYS


@pytest.fixture(scope="session")
def prepared_shops() -> PreparedShops:
    """The shops that tests of this process have begun with, to be copied for others."""
    return PreparedShops()


@pytest.fixture
def merchant(
    application: Flask, prepared_shops: PreparedShops, commission: Mapping[str, Any], holdback_days: int
) -> cast.Merchant:
    """The shop with its partners Ada, Ben and Dan, all active."""

    def make() -> cast.Merchant:
        with db.transaction() as session:
            shop = cast.open_merchant(session, commission=commission, holdback_days=holdback_days)
            for code in ("ada", "ben", "dan"):
                cast.enroll(session, shop, code)
        return shop

    return prepared_shops.open(commission, holdback_days, make)


@pytest.fixture
def webhook_path(merchant: cast.Merchant, settings: Settings) -> str:
    """The path of the shop's test-mode webhook endpoint."""
    return cast.open_endpoint(merchant.organization_id, settings, WEBHOOK_SECRET)


@pytest.fixture
def deliver(application: Flask, webhook_path: str) -> Deliver:
    """Store events and wake a worker as the webhook endpoint does. HTTP and signatures are tests/receiver's subject."""
    return deliver_to(application, webhook_path)


def deliver_to(application: Flask, path: str) -> Deliver:
    """As `deliver`, through the endpoint with this path."""

    def deliver(events: Iterable[Event]) -> None:
        with db.transaction() as session:
            endpoint = application.extensions["accrual_receivers"].load(session, path.rpartition("/")[2])
        with direct.connection() as connection:
            receipts = []
            for event in events:
                body = json.dumps(event)
                receipts.append(inbox.insert_event(connection, endpoint, envelope.parse(body), body))
        if any(receipt.is_due for receipt in receipts):
            jobs.wake(jobs.DRAIN)

    return deliver


@pytest.fixture
def drain(application: Flask) -> Drain:
    """Work the inbox until nothing is due; gives how many events were claimed."""

    def drain() -> int:
        worked = 0
        while claimed := work_batch():
            worked += claimed
        return worked

    return drain


@pytest.fixture
def ledger(database: Engine) -> Ledger:
    """What the books say now, all stories together; also checks that the ledger is sound."""

    def ledger() -> Books:
        assert_ledger_sound()
        with db.transaction() as session:
            return books.total(books.read_all(session).values())

    return ledger


def assert_ledger_sound() -> None:
    """Nothing recomputed from the postings differs from what is stored."""
    with db.transaction() as session:
        assert verify.verify(session) == []
