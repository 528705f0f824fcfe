"""The portal as a partner sees it: in a browser, light and dark, at a desk and on a phone."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.people.conftest import sign_in
from tests.portal.conftest import pages

from .lively import Lively
from .looks import assert_readable
from .tab import quiet_page


@pytest.fixture
def page(chromium: Browser, address: str, lively: Lively) -> Iterator[Page]:
    """A page of Ada's that complains of nothing, least of all of its policy."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.add_cookies([{"name": "accrual_session", "value": sign_in(lively.partner), "url": address}])
    with quiet_page(context) as page:
        yield page


def test_every_page_can_be_read_by_everyone(
    page: Page, address: str, application: Flask, lively: Lively, request: pytest.FixtureRequest
) -> None:
    paths = (*pages(application, lively.ids), f"/apply/{lively.ids['program_id']}", "/join", "/confirm")
    named = [(path, f"portal-{number:02}") for number, path in enumerate(paths)]
    assert_readable(page, address, named, request.config)


def test_a_button_copies_the_link(page: Page, address: str, lively: Lively) -> None:
    page.goto(f"{address}/portal/{lively.ids['program_id']}")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("Your link").input_value()
