"""The portal as a partner sees it: in a browser, light and dark, at a desk and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from app import db
from tests.api.isolation.world import World
from tests.people.conftest import add_person, sign_in
from tests.portal.conftest import pages, world

from .test_console import AXE, EVERY_LOOK, LOOKS, RUN, address, look

__all__ = ["address", "world"]
PARTNER = "ada@partners.example"


@pytest.fixture
def page(chromium: Browser, address: str, world: World) -> Iterator[Page]:
    """A page of Ada's that complains of nothing, least of all of its policy."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET landing_url = 'https://shop.example.com/', open_signup = true"))
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    add_person(world.organization_ids["ada"], PARTNER)
    context.add_cookies([{"name": "accrual_session", "value": sign_in(PARTNER), "url": address}])
    page = context.new_page()
    page.goto(f"{address}/portal")
    page.get_by_role("button", name="Switch to test").click()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_every_page_can_be_read_by_everyone(
    page: Page, address: str, application: Flask, world: World, request: pytest.FixtureRequest
) -> None:
    kept = request.config.getoption("--screenshots")
    violations, wide = {}, []
    for number, path in enumerate((*pages(application, world), f"/apply/{world.ids['program_id']}")):
        page.goto(address + path)
        page.evaluate(AXE)
        for scheme, size in EVERY_LOOK if kept else LOOKS:
            look(page, scheme, size)
            if kept:
                page.screenshot(path=Path(kept) / f"portal-{number:02}-{size}-{scheme}.png", full_page=True)
            if found := page.evaluate(RUN):
                violations[path, scheme, size] = found
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path, size))
    assert violations == {}
    assert wide == []


def test_a_button_copies_the_link(page: Page, address: str, world: World) -> None:
    page.goto(f"{address}/portal/{world.ids['program_id']}")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("Your link").input_value()
