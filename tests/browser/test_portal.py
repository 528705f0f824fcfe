"""The portal as a partner sees it: in a browser, light and dark, at a desk and on a phone."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from app import db
from tests.api.isolation.world import World
from tests.people.conftest import add_person, sign_in
from tests.portal.conftest import pages, world

from .looks import assert_readable
from .test_console import address

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
    paths = (*pages(application, world), f"/apply/{world.ids['program_id']}")
    named = [(path, f"portal-{number:02}") for number, path in enumerate(paths)]
    assert_readable(page, address, named, request.config.getoption("--screenshots"))


def test_a_button_copies_the_link(page: Page, address: str, world: World) -> None:
    page.goto(f"{address}/portal/{world.ids['program_id']}")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("Your link").input_value()
