"""A partner's first visit, from the application to its payout method, with scripts and without."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select, text

from app import db, ids
from app.config import Settings
from app.organizations.actors import CLI
from app.partners.managing import commands
from app.partners.models import Partner
from tests.api.mail_server import MailServer, connected, text_of
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.signing import post_signed
from worker.mail import sender as mails

from .tab import TIMEOUT_MILLISECONDS, quiet_page

ZOE = "zoe@example.com"
MOST_CLICKS = 3


@dataclass
class Clicks:
    """How often the partner has clicked since it asked its question on the first page."""

    page: Page
    count: int = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.count += 1

    def ask(self, first_page: str) -> None:
        self.page.goto(first_page)
        self.count = 0


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that complains of nothing, least of all of its policy."""
    context = chromium.new_context(java_script_enabled=request.param)
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    with quiet_page(context, "status of 4") as page:
        yield page


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    with connected(settings) as server:
        yield server


def test_a_partner_applies_earns_understands_and_says_how_to_be_paid(
    page: Page,
    address: str,
    application: Flask,
    merchant: Merchant,
    mailbox: MailServer,
    webhook_path: str,
    drain: Drain,
) -> None:
    code = _apply_and_confirm(page, address, merchant, mailbox)
    with db.transaction() as session:
        partner = session.scalars(select(Partner).where(Partner.slug == code)).one()
        commands.move(session, CLI, partner, "approve")
    _sign_in(page, address, mailbox)
    _make_a_link(page, application, code)
    cleo = Customer(CLOVER, Marks(subscription=code))
    cleo.now = int(time.time())
    post_signed(application.test_client(), webhook_path, WEBHOOK_SECRET, cleo.subscribes().events)
    drain()
    clicks = Clicks(page)
    _why_this_amount(clicks, f"{address}/portal")
    _when_am_i_paid(clicks, f"{address}/portal")
    _change_my_payout_method(clicks, f"{address}/portal")
    _statement(page)


def _apply_and_confirm(page: Page, address: str, merchant: Merchant, mailbox: MailServer) -> str:
    """Apply, and confirm the address by the mailed link; gives the code."""
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET open_signup = true, landing_url = 'https://shop.example.com/'"))
    page.goto(f"{address}/apply/{ids.encode('prog', merchant.program_id)}")
    page.get_by_label("Your name, or your company's").fill("Zoe Smith")
    page.get_by_label("Your e-mail address").fill(ZOE)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_contain_text("A mail is on its way")
    link = _mailed(mailbox, address, "/confirm")
    page.goto(link)
    if page.locator("#link").is_visible():  # no script has put the link there
        page.locator("#link").fill(link)
    page.get_by_role("button", name="Confirm this address").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")
    return page.locator("#code").inner_text()


def _sign_in(page: Page, address: str, mailbox: MailServer) -> None:
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Your e-mail address").fill(ZOE)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_contain_text("a mail with a link is on its way")
    page.goto(_mailed(mailbox, address, "/login/"))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{address}/portal")
    if page.locator("body.live").count():
        page.get_by_role("button", name="Switch to test").click()


def _make_a_link(page: Page, application: Flask, code: str) -> None:
    """A link to a page of the shop, which leads there and is counted; other hosts are refused."""
    page.get_by_role("heading", level=2).get_by_role("link").click()
    expect(page.get_by_role("img", name="QR code of")).to_be_visible()
    page.get_by_role("link", name="Links and codes").click()
    page.get_by_label("Address of the page").fill("https://elsewhere.example/")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_role("alert")).to_contain_text("may lead to pages on shop.example.com, not on elsewhere.example")
    page.get_by_label("Address of the page").fill("https://shop.example.com/spring")
    page.get_by_label("Sub-id").fill("letter-12")
    page.get_by_role("button", name="Make a link").click()
    parts = urlsplit(page.get_by_label("The link you made").input_value())
    followed = application.test_client().get(f"{parts.path}?{parts.query}")
    assert followed.location.startswith(f"https://shop.example.com/spring?utm_content=letter-12&ref={code}&aff_sess=")
    page.get_by_role("link", name="Activity").click()
    row = page.get_by_role("region", name="Visits by code and sub-id").get_by_role("row", name="letter-12")
    expect(row).to_contain_text("1")


def _why_this_amount(clicks: Clicks, first_page: str) -> None:
    clicks.ask(first_page)
    page = clicks.page
    clicks.click(page.get_by_role("heading", level=2).get_by_role("link"))
    clicks.click(page.get_by_role("region", name="Newest commissions").get_by_role("link"))
    expect(page.locator(".story")).to_contain_text(re.compile("20 % of .* is"))
    assert clicks.count <= MOST_CLICKS


def _when_am_i_paid(clicks: Clicks, first_page: str) -> None:
    """The first page says what the next payout has, what is missing, and who starts it."""
    clicks.ask(first_page)
    card = clicks.page.locator(".card")
    expect(card).to_contain_text("are earned and not approved yet")
    expect(card).to_contain_text("No payout method is chosen")
    expect(card).to_contain_text("The owner of the program starts each payout")
    assert clicks.count <= MOST_CLICKS


def _change_my_payout_method(clicks: Clicks, first_page: str) -> None:
    """PayPal is refused for its country; a bank account is taken."""
    page = clicks.page
    clicks.ask(first_page)
    clicks.click(page.get_by_role("link", name="Choose how you are paid"))
    clicks.click(page.get_by_role("link", name="PayPal"))
    page.get_by_label("E-mail address of the account").fill(ZOE)
    page.get_by_label("Country, a code").fill("KP")
    clicks.click(page.get_by_role("button", name="Save"))
    assert clicks.count <= MOST_CLICKS
    expect(page.get_by_role("alert")).to_contain_text("PayPal does not pay to North Korea")
    expect(page.get_by_label("E-mail address of the account")).to_have_value(ZOE)
    clicks.ask(first_page)
    clicks.click(page.get_by_role("link", name="Choose how you are paid"))
    clicks.click(page.get_by_role("link", name="Bank transfer"))
    page.get_by_label("Account holder", exact=True).fill("Zoe Smith")
    page.get_by_label("IBAN", exact=True).fill("DE75512108001245126199")
    page.get_by_label("Town of the account holder").fill("Bonn")
    clicks.click(page.get_by_role("button", name="Save"))
    assert clicks.count <= MOST_CLICKS
    expect(page.get_by_role("status")).to_contain_text("You are paid by")


def _statement(page: Page) -> None:
    page.get_by_role("link", name="Statements").click()
    page.get_by_role("region", name="Statements").get_by_role("link").click()
    expect(page.get_by_role("region", name="Every entry").get_by_role("link")).to_have_count(1)


def _mailed(mailbox: MailServer, address: str, path: str) -> str:
    """The newest link with this path that was mailed, at the server of this test."""
    mails.send_due()
    mailed = "\n".join(text_of(mail) for mail in mailbox.received)
    links = re.findall(rf"^http://127\.0\.0\.1:8000({path}\S+)$", mailed, re.MULTILINE)
    return f"{address}{links[-1]}"
