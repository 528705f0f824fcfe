"""A partner opens its account at Stripe from the portal."""

import re
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import text

from app import db, ids
from app.payouts.connect import links
from tests.api.conftest import Caller
from tests.cast import Merchant
from tests.pages.conftest import Browser
from tests.people.conftest import add_person

from .conftest import Work
from .onboarding import account_of


@pytest.fixture
def browser(ada: Caller, application: Flask, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Ada in the portal; the tests are themselves the process that asks Stripe, so nothing is worth waiting for."""
    monkeypatch.setattr(links, "WAIT_SECONDS", 0.0)
    with db.transaction() as session:
        own = session.scalars(text("SELECT partner_organization_id FROM partners WHERE slug = 'ada'")).one()
    add_person(own, "ada@partners.example")
    browser = Browser(application).sign_in("ada@partners.example", leads_to="/portal")
    browser.send("/portal", "/console/mode", livemode="false", next="/portal")
    return browser


def test_an_account_is_opened_for_a_country_and_continued_by_a_link_that_is_shown_once(
    browser: Browser, ada: Caller, merchant: Merchant, work: Work
) -> None:
    base = f"/portal/{ids.encode('prog', merchant.program_id)}"
    page, form = f"{base}/payout-method", f"{base}/payout-account"
    assert form not in browser.get(page).text
    assert browser.send(page, method="stripe").status_code == 303
    assert form in browser.get(page).text
    waiting = browser.send(page, form, country="de")
    assert (waiting.status_code, "Ask for the link again" in waiting.text) == (201, True)
    assert account_of(ada)["country"] == "DE"
    work()
    ready = browser.send(page, form)
    [link] = re.findall(r'class="button" href="(https://[^"]+)"', unescape(ready.text))
    assert link not in browser.send(page, form).text
    assert "no-store" in ready.headers["Cache-Control"]
    refused = browser.send(page, form, country="US")
    assert (refused.status_code, "its country cannot be changed" in unescape(refused.text)) == (409, True)
    assert account_of(ada)["sentence"] in unescape(browser.get(page).text)
