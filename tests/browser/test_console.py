"""The console as a person sees it: in a browser, light and dark, at a desk and on a phone."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.config import Settings
from tests.api.isolation.world import World, build
from tests.cast import Merchant
from tests.console.conftest import paths
from tests.people.conftest import OWNER, add_person, new_link, sign_in

from .lively import Lively
from .looks import assert_readable
from .tab import quiet_page


@pytest.fixture
def world(application: Flask, settings: Settings, merchant: Merchant) -> World:
    return build(application, settings, merchant)


@pytest.fixture
def page(chromium: Browser, address: str, lively: Lively) -> Iterator[Page]:
    """A page of the owner's that complains of nothing, least of all of its policy."""
    context = chromium.new_context()
    context.add_cookies([{"name": "accrual_session", "value": sign_in(lively.owner), "url": address}])
    with quiet_page(context) as page:
        yield page


def test_every_page_can_be_read_by_everyone(
    page: Page, address: str, application: Flask, lively: Lively, request: pytest.FixtureRequest
) -> None:
    named = [(path, _picture(path)) for path in paths(application, lively.ids)]
    assert_readable(page, address, named, request.config)


def _picture(path: str) -> str:
    """The name of a page's picture: an id is `one`."""
    return "-".join("one" if "_" in part else part for part in path.strip("/").split("/"))


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
