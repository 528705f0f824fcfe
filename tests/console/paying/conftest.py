"""A shop that pays its partners in the console, and the people who do it."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask

from app import db
from tests.api.conftest import caller_of
from tests.cast import Merchant, open_merchant
from tests.console.test_pages import words_of
from tests.pages.conftest import Browser
from tests.payouts.conftest import owner, settings, till
from tests.people.conftest import add_person

__all__ = ["caller_of", "owner", "settings", "till"]

PREVIEW = "/console/payout-runs/preview"


class Cashier:
    """A person with a session in the console, in test mode."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def sees(self, path: str, status: int = 200) -> str:
        """The words of a page."""
        answer = self.browser.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return unescape(words_of(answer.text))

    def sends(self, page: str, action: str | None = None, **fields: str) -> tuple[int, str]:
        """Send a form; gives the status, and the address that it leads to or the words of the page with the refusal."""
        answer = self.browser.send(page, action, **fields)
        return answer.status_code, answer.headers.get("Location") or unescape(words_of(answer.text))

    def token(self, page: str = PREVIEW) -> str:
        """The token of a preview that is shown."""
        [token] = re.findall(r'name="preview_token" value="([^"]+)"', self.browser.get(page).text)
        return unescape(token)


CashierOf = Callable[[Merchant, str], Cashier]


@pytest.fixture
def cashier_of(application: Flask) -> CashierOf:
    def make(shop: Merchant, role: str) -> Cashier:
        email = f"{role}@{shop.organization_id.hex}.example"
        add_person(shop.organization_id, email, role)
        browser = Browser(application).sign_in(email)
        assert browser.send("/console", "/console/mode", livemode="false").status_code == 303
        return Cashier(browser)

    return make


@pytest.fixture
def cashier(cashier_of: CashierOf, merchant: Merchant) -> Cashier:
    return cashier_of(merchant, "manager")


@pytest.fixture
def stranger(application: Flask, cashier_of: CashierOf) -> Cashier:
    """The owner of another shop."""
    with db.transaction() as session:
        elsewhere = open_merchant(session, "Elsewhere")
    return cashier_of(elsewhere, "owner")
