"""One headless Chromium for these tests, and a fresh visitor for each."""

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from app.config import Settings
from tests.ledger_clock import ledger_clock
from tests.servers import Servers
from tests.waiting import join

from . import lively as lively_data
from .lively import Lively
from .shop import Shop
from .tab import Tab

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def _browser_path() -> str:
    """Where the browser is; without one the tests skip, or fail where ACCRUAL_REQUIRE_BROWSER=1 demands it."""
    for name in BROWSER_NAMES:
        if path := shutil.which(name):
            return path
    missing = "no browser: install chromium to test pages and snippets/checkout.js"
    if os.environ.get("ACCRUAL_REQUIRE_BROWSER") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


# For this package only: while Playwright's loop lives, no other test in this thread can run one of its own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A running browser that can resolve no host but loopback."""
    arguments = [
        "--no-sandbox",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    path = _browser_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def tab(chromium: Browser) -> Iterator[Tab]:
    """The tab that the visitors of these tests use one after another."""
    tab = Tab(chromium)
    yield tab
    tab.context.close()


@pytest.fixture
def shop(tab: Tab) -> Iterator[Shop]:
    """A shop and a visitor who was never there."""
    shop = Shop(tab)
    tab.context.route("**/*", shop.answer)
    yield shop
    shop.leave()
    assert shop.strays == [], "the snippet or a test reached for the network"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everywhere, with payouts switched on."""
    return settings.model_copy(update={"payouts_live": True})


@pytest.fixture
def lively(application: Flask, settings: Settings, servers: Servers, database_url: str) -> Lively:
    """The example of the demo, with everything that a page can show."""
    with ledger_clock(servers, database_url) as clock:
        return lively_data.build(application, settings, clock)


@pytest.fixture
def address(application: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    join(thread)
