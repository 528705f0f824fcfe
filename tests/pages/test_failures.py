"""Error pages: where the person is, in its language, with the id of the request."""

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.pages import signed_in
from tests.cast import Merchant
from tests.people.conftest import add_person

from .conftest import Browser

pytestmark = pytest.mark.usefixtures("olga")

GERMAN = {"Accept-Language": "de", "X-Request-Id": "req-1"}


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/console/payments/pmt_01h455vb4pex5vsknk084sn02q", 404, "oder nicht für Ihre Organisation"),
        ("/console/nothing", 404, "Unter dieser Adresse gibt es keine Seite"),
        ("/console/payments?starting_after=x", 400, "Die Anfrage lässt sich so nicht verwenden"),
        ("/portal/prog_01h455vb4pex5vsknk084sn02q", 403, "nimmt an keinem Programm als Partner teil"),
    ],
)
def test_error_keeps_the_navigation_and_the_language(browser: Browser, path: str, status: int, words: str) -> None:
    answer = browser.sign_in().get(path, headers=GERMAN)
    assert answer.status_code == status
    for part in (words, '<html lang="de">', "Abmelden", "<nav", "<code>req-1</code>", "Zur Startseite"):
        assert part in answer.text, part
    assert answer.text.count("<h1>") == 1


def test_viewer_is_refused_within_the_console(browser: Browser, merchant: Merchant) -> None:
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    answer = browser.sign_in("vera@example.com").get("/console/settings/people", headers=GERMAN)
    assert answer.status_code == 403
    assert "Ihre Rolle, Betrachter, hat nicht das Recht people:read" in answer.text
    assert "Provisionen" in answer.text
    assert "/console/settings/people" not in answer.text


@pytest.mark.parametrize(("failure", "status"), [(RuntimeError("the secret is 42"), 500), (None, 503)])
def test_failure_is_reported_with_the_request_and_without_its_words(
    browser: Browser, application: Flask, monkeypatch: pytest.MonkeyPatch, failure: Exception | None, status: int
) -> None:
    def fail(*_: object) -> str:
        raise failure or OperationalError("SELECT 42", {}, ConnectionError("127.0.0.1"))

    application.config["PROPAGATE_EXCEPTIONS"] = False
    browser.sign_in()
    monkeypatch.setitem(application.view_functions, "console.payments", signed_in.page("payments:read")(fail))
    answer = browser.get("/console/payments", headers=GERMAN)
    assert (answer.status_code, "the secret" in answer.text, "127.0.0.1" in answer.text) == (status, False, False)
    assert ("<code>req-1</code>" in answer.text, "<nav" in answer.text) == (True, True)


def test_error_before_sign_in_is_a_plain_page(browser: Browser) -> None:
    answer = browser.get("/console/nothing", headers=GERMAN)
    assert answer.status_code == 404
    assert ("<nav" in answer.text, '<html lang="de">' in answer.text) == (False, True)
