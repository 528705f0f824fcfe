"""The console as a person sees it: in a browser, light and dark, at a desk and on a phone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from app.config import Settings
from tests.api.isolation.world import World, build
from tests.cast import Merchant
from tests.console.conftest import paths
from tests.people.conftest import OWNER, add_person, new_link, sign_in
from tests.waiting import join

AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
SIZES: Final = {"desktop": (1280, 900), "phone": (390, 844)}
LOOKS: Final = [("light", "desktop"), ("dark", "phone")]
"""Every width and every colour scheme once; `--screenshots` takes all four."""
EVERY_LOOK: Final = [(scheme, size) for size in SIZES for scheme in ("light", "dark")]
RUN: Final = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
}"""


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    return build(application, settings, merchant)


@pytest.fixture
def address(application: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    join(thread)


@pytest.fixture
def page(chromium: Browser, address: str, world: World) -> Iterator[Page]:
    """A page of the owner's that complains of nothing, least of all of its policy."""
    context = chromium.new_context()
    add_person(world.organization_ids["owner"], OWNER)
    context.add_cookies([{"name": "accrual_session", "value": sign_in(), "url": address}])
    page = context.new_page()
    page.goto(f"{address}/console")
    page.get_by_role("button", name="Switch to test").click()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def look(page: Page, scheme: Any, size: str) -> None:
    width, height = SIZES[size]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})


def test_every_page_can_be_read_by_everyone(
    page: Page, address: str, application: Flask, world: World, request: pytest.FixtureRequest
) -> None:
    kept = request.config.getoption("--screenshots")
    violations, wide = {}, []
    for path in paths(application, world.ids):
        page.goto(address + path)
        page.evaluate(AXE)
        for scheme, size in EVERY_LOOK if kept else LOOKS:
            look(page, scheme, size)
            if kept:
                name = (
                    path.strip("/").replace("/", "-").replace(f"-{path.rpartition('/')[2]}", "-one")
                    if "_" in path.rpartition("/")[2]
                    else path.strip("/").replace("/", "-")
                )
                page.screenshot(path=Path(kept) / f"{name}-{size}-{scheme}.png", full_page=True)
            if found := page.evaluate(RUN):
                violations[path, scheme, size] = found
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path, size))
    assert violations == {}
    assert wide == []


def test_pages_need_no_script(chromium: Browser, address: str, world: World) -> None:
    add_person(world.organization_ids["owner"], OWNER)
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "accrual_session", "value": sign_in(), "url": address}])
    page = context.new_page()
    page.goto(f"{address}/console")
    page.get_by_role("button", name="Switch to test").click()
    expect(page.locator(".mode")).to_have_text("Test mode")
    expect(page.locator(".chart").first).to_be_hidden()
    page.get_by_text("Show as a table").click()
    expect(page.get_by_role("rowheader", name="1 Nov 2026", exact=True)).to_be_visible()
    page.get_by_role("link", name="Payments", exact=True).click()
    page.get_by_label("Outcome").select_option("unattributed")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="1 Nov 2026").click()
    expect(page.get_by_role("heading", name="Where a partner was looked for")).to_be_visible()
    page.get_by_label("Partner's code").fill("ada")
    page.get_by_label("Reason").fill("She called us first.")
    page.get_by_role("button", name="Credit a partner").click()
    expect(page.get_by_role("status")).to_have_text("The payment is credited to ada.")
    context.close()


def test_person_signs_in_by_the_button_of_a_link_and_out(chromium: Browser, address: str, world: World) -> None:
    add_person(world.organization_ids["owner"], OWNER)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/console/payments")
    page.get_by_label("Your e-mail address").fill(OWNER)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_contain_text("a mail with a link is on its way")
    page.goto(f"{address}/login/{new_link()}")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{address}/console/payments")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{address}/login")
    page.goto(f"{address}/console/payments")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()
