"""An installation that is served, with an endpoint at Stripe, whose owner reads the console."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask

from tests.cast import Merchant
from tests.console.test_pages import words_of
from tests.doctor.conftest import Installation, installation
from tests.pages.conftest import Browser
from tests.people.conftest import add_person

__all__ = ["installation"]


@dataclass(frozen=True)
class Visitor:
    """A person in the console of an installation, in test mode."""

    browser: Browser

    def finds(self, page: str, form: str) -> str:
        """The words of the page after a form that runs checks."""
        answer = self.browser.send(page, form)
        assert answer.status_code == 200
        return words_of(answer.text)


VisitorOf = Callable[..., Visitor]


@pytest.fixture
def visitor_of(
    installation: Installation, application: Flask, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> VisitorOf:
    """Signs in a person of an organization, by default of the installation's merchant."""

    def make(role: str = "owner", of: Merchant = merchant) -> Visitor:
        monkeypatch.setitem(application.extensions, "accrual_settings", installation.settings)
        email = f"{role}@{of.organization_id.hex}.example"
        add_person(of.organization_id, email, role)
        browser = Browser(application).sign_in(email)
        assert browser.send("/console", "/console/mode", livemode="false").status_code == 303
        return Visitor(browser)

    return make
