"""One visitor in one browser, the same for Chromium and WebKit, so that a story is told once."""

import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page
from selenium.webdriver import WebKitGTK
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

DRIVER = "WebKitWebDriver"
MINI_BROWSERS = "/usr/lib/*/webkit2gtk-*/MiniBrowser"
DISPLAY = "Xvfb"
SECONDS = 30


class Visitor(Protocol):
    """A browser with one tab open."""

    def open(self, address: str) -> None:
        """Open an address in the present tab, and wait until it is loaded."""

    def new_tab(self, address: str) -> None:
        """Open an address in a new tab, which is the present one from now on."""

    def run(self, script: str) -> Any:
        """The value of an expression in the present page; promises are waited for."""

    def cookies(self) -> list[dict[str, Any]]:
        """The cookies that the present page's address gets, with `name`, `value`, `expires`, `httpOnly`, …."""

    def set_cookie(self, cookie: dict[str, Any]) -> None:
        """Replace one of these cookies."""

    def clear_cookies(self) -> None:
        """Delete them."""


class ChromiumVisitor:
    """A context of its own in the Chromium of these tests."""

    def __init__(self, browser: Browser, proxy: str) -> None:
        self.context = browser.new_context(proxy={"server": f"http://{proxy}"}, ignore_https_errors=True)
        self.page: Page = self.context.new_page()

    def open(self, address: str) -> None:
        self.page.goto(address)

    def new_tab(self, address: str) -> None:
        self.page = self.context.new_page()
        self.page.goto(address)

    def run(self, script: str) -> Any:
        return self.page.evaluate(script)

    def cookies(self) -> list[dict[str, Any]]:
        return [dict(cookie) for cookie in self.context.cookies(self.page.url)]

    def set_cookie(self, cookie: dict[str, Any]) -> None:
        self.context.add_cookies([cookie])  # type: ignore[list-item]  # a cookie as `cookies` gave it

    def clear_cookies(self) -> None:
        self.context.clear_cookies()

    def close(self) -> None:
        self.context.close()


class WebKitVisitor:
    """A session of WebKitGTK's own driver, with a profile that is gone with it.

    The proxy is named by the environment: the driver's own setting would speak TLS to it.
    """

    def __init__(self, proxy: str) -> None:
        options = Options()
        options.binary_location = str(next(Path("/").glob(MINI_BROWSERS.lstrip("/"))))
        options.add_argument("--automation")
        options.set_capability("acceptInsecureCerts", True)
        self.driver = WebKitGTK(
            options=options, service=Service(shutil.which(DRIVER), env={**os.environ, "https_proxy": f"http://{proxy}"})
        )
        self.driver.set_script_timeout(SECONDS)
        self.driver.set_page_load_timeout(SECONDS)

    def open(self, address: str) -> None:
        self.driver.get(address)

    def new_tab(self, address: str) -> None:
        self.driver.switch_to.new_window("tab")
        self.driver.get(address)

    def run(self, script: str) -> Any:
        said = self.driver.execute_async_script(
            f"const end = arguments[0]; Promise.resolve().then(() => {script})"
            ".then(value => end([value === undefined ? null : value]), error => end(String(error)))"
        )
        assert isinstance(said, list), said
        return said[0]

    def cookies(self) -> list[dict[str, Any]]:
        return [{**cookie, "expires": cookie.get("expiry")} for cookie in self.driver.get_cookies()]

    def set_cookie(self, cookie: dict[str, Any]) -> None:
        expires = cookie.pop("expires")
        self.driver.delete_cookie(cookie["name"])
        self.driver.add_cookie({**cookie, "expiry": int(expires)})

    def clear_cookies(self) -> None:
        self.driver.delete_all_cookies()

    def close(self) -> None:
        self.driver.quit()


def require_webkit() -> None:
    """Skip without WebKit's driver and a display server, or fail where ACCRUAL_REQUIRE_BROWSER=1 demands them."""
    missing = [name for name in (DRIVER, DISPLAY) if shutil.which(name) is None]
    if not missing:
        return
    message = f"no {' and no '.join(missing)}: install webkit2gtk-driver and xvfb to test the snippet in WebKit"
    if os.environ.get("ACCRUAL_REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def display() -> Iterator[None]:
    """A screen without a monitor, which WebKitGTK needs; `DISPLAY` names it."""
    reading, writing = os.pipe()
    command = [DISPLAY, "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            assert select.select([reading], [], [], SECONDS)[0], f"{DISPLAY} did not start"
            number = os.read(reading, 20).decode().strip()
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("DISPLAY", f":{number}")
                yield
        finally:
            os.close(reading)
            server.terminate()
