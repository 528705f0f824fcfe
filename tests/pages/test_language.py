"""The language of pages and mails: what a person chose, else what the browser asks for, else the installation's."""

import re

import pytest
from sqlalchemy import select

from app import db
from app.mail import composing
from app.mail.rendering import Message
from app.mail_queue import sending
from app.organizations.models import AuditEntry
from app.people import login_links
from app.people.models import Person
from tests.people.conftest import OWNER

from .conftest import Browser, NewBrowser

pytestmark = pytest.mark.usefixtures("olga")

GERMAN = {"Accept-Language": "de-CH, en;q=0.5"}


def language_of(page: str) -> str:
    found = re.search(r'<html lang="(\w+)">', page)
    assert found is not None
    return found[1]


def test_page_before_sign_in_is_in_the_browsers_language_until_another_is_chosen(browser: Browser) -> None:
    assert language_of(browser.get("/login").text) == "en"
    assert language_of(browser.get("/login", headers=GERMAN).text) == "de"
    chosen = browser.send("/login", "/language", language="de", next="/login")
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/login")
    assert language_of(browser.get("/login").text) == "de"
    browser.send("/login", "/language", language="", next="https://evil.example/login")
    assert language_of(browser.get("/login").text) == "en"


def test_choice_of_a_person_holds_in_every_browser_and_for_mails(browser: Browser, new_browser: NewBrowser) -> None:
    browser.sign_in()
    chosen = browser.send("/console/settings/sessions", "/language", language="de", next="/console/settings/sessions")
    assert chosen.headers["Location"] == "/console/settings/sessions"
    elsewhere = new_browser().sign_in()
    assert language_of(elsewhere.get("/console", headers={"Accept-Language": "en"}).text) == "de"
    with db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.language_chosen")).one()
        assert entry.details == {"language": "de"}
        login_links.request_mail(session, OWNER)
        mail = sending.hold_oldest(session)
        assert mail is not None
        composed = composing.compose(session, mail, "https://accrual.example")
        assert isinstance(composed, Message)
        assert (mail.language, composed.subject) == ("de", "Anmelden bei Accrual")


def test_language_without_a_catalogue_is_refused_and_one_that_is_gone_is_ignored(browser: Browser) -> None:
    refused = browser.send("/login", "/language", language="xx", next="/login")
    assert refused.status_code == 400
    assert "use one of: de, en" in refused.text
    browser.sign_in()
    with db.transaction() as session:
        session.scalars(select(Person)).one().language = "xx"
    assert language_of(browser.get("/console").text) == "en"


def test_language_is_changed_only_by_a_form_of_the_own_session(browser: Browser) -> None:
    browser.sign_in()
    assert browser.client.post("/language", data={"language": "de"}).status_code == 400
    with db.transaction() as session:
        assert session.scalars(select(Person.language)).one() is None


def test_signed_in_person_chooses_the_language_of_pages_that_need_no_session(browser: Browser) -> None:
    browser.sign_in()
    chosen = browser.send("/join", "/language", language="de", next="/join")
    assert chosen.status_code == 303
    assert language_of(browser.get("/join").text) == "de"
