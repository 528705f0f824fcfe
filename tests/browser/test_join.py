"""The page an invitation's link leads to, as the invited person sees it."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from app import db
from app.organizations import keys
from app.partners import invitations
from app.partners.models import Program
from tests.cast import Merchant

EMAIL = "zoe@example.com"


@pytest.fixture
def address(application: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that complains of nothing."""
    context = chromium.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [one for one in complaints if "404" not in one] == []


@pytest.fixture
def link(merchant: Merchant, address: str) -> str:
    with db.transaction() as session:
        invited = invitations.invite(session, session.get_one(Program, merchant.program_id), EMAIL)
    assert invited.token is not None
    return invitations.link(address, invited.token)


def test_an_invited_person_gets_code_and_key(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Your name, or your company's").fill("Zoe van Dyke")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.locator("#code")).not_to_be_empty()
    with db.transaction() as session:
        assert keys.authenticate(session, page.locator("#key").inner_text()).level == "manage"
    assert "#" not in page.url, "the token is gone from the address and from the history"
    expect(page.get_by_role("button")).to_be_hidden()


def test_a_link_that_was_used_says_so(page: Page, link: str, address: str) -> None:
    with db.transaction() as session:
        invitations.join(session, link.partition("#")[2], "Zoe")
    page.goto(link)
    page.get_by_label("Your name, or your company's").fill("Somebody else")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, was used, or is past its time")


def test_half_a_link_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/join")
    expect(page.get_by_role("alert")).to_contain_text("not complete")
