"""A browser that keeps cookies, without one."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.cast import Merchant
from tests.people.conftest import OWNER, add_person, new_link

_TOKEN = re.compile(r'name="csrf_token" value="(\w+)"')


class Browser:
    """Loads pages and sends the forms on them, with their tokens."""

    def __init__(self, application: Flask) -> None:
        self.client: FlaskClient = application.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def send(self, page: str, action: str | None = None, **fields: str | list[str]) -> TestResponse:
        """Send the form of a page, to the page itself unless it has another `action`."""
        token = _TOKEN.search(self.get(page).text)
        assert token is not None, page
        return self.client.post(action or page, data={"csrf_token": token[1], **fields})

    def cookie(self, name: str = "accrual_session") -> str | None:
        found = self.client.get_cookie(name)
        return None if found is None else found.value

    def sign_in(self, email: str = OWNER, *, leads_to: str = "/console") -> "Browser":
        answer = self.send(f"/login/{new_link(email)}")
        assert (answer.status_code, answer.headers["Location"]) == (303, leads_to)
        return self


NewBrowser = Callable[[], Browser]


@pytest.fixture
def new_browser(application: Flask) -> NewBrowser:
    return lambda: Browser(application)


@pytest.fixture
def browser(new_browser: NewBrowser) -> Browser:
    return new_browser()


@pytest.fixture
def olga(merchant: Merchant) -> UUID:
    """The shop's only owner."""
    return add_person(merchant.organization_id, OWNER)
