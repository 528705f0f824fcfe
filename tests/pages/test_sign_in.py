"""Signing in to the pages by a link, and what protects the session."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import db, ids
from app.config import Settings
from app.mail_queue.models import Mail
from app.organizations.actors import CLI
from app.pages import browser as tokens_of_forms
from app.pages.public import sign_in as pages
from app.people import memberships
from app.people.models import LoginLink, PersonSession
from app.signups.models import BrowserKey
from tests.cast import Merchant, open_merchant
from tests.people.conftest import OWNER, add_person, new_link

from .conftest import Browser, NewBrowser

pytestmark = pytest.mark.usefixtures("olga")


def test_link_signs_in_by_its_button_once_and_opening_it_signs_nobody_in(new_browser: NewBrowser) -> None:
    link = f"/login/{new_link()}"
    scanner, browser, thief = new_browser(), new_browser(), new_browser()
    for _ in range(3):
        assert scanner.get(link).status_code == 200
        assert scanner.client.head(link).status_code == 200
    assert scanner.cookie() is None
    assert browser.send(link).status_code == 303
    assert browser.get("/").headers["Location"] == "/console"
    assert thief.get(link).status_code == 404
    assert thief.client.post(link).status_code == 400
    assert thief.cookie() is None
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(PersonSession)) == 1


def test_answer_is_the_same_for_known_and_unknown_addresses(new_browser: NewBrowser) -> None:
    answers = set()
    for address in (OWNER, "unknown@example.com", "no address", ""):
        browser = new_browser()
        answer = browser.send("/login", email=address)
        shown = re.sub(r'value="\w{128}"', "", browser.get(answer.headers["Location"]).text)  # each browser's own token
        answers.add((answer.status_code, answer.headers["Location"], shown))
    [(status, _, text)] = answers
    assert status == 303
    assert "a mail with a link is on its way" in text
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Mail)) == 1


def test_session_of_before_is_replaced_at_sign_in(browser: Browser) -> None:
    browser.client.set_cookie("accrual_session", "chosen-by-another")
    browser.sign_in()
    first = browser.cookie()
    assert first not in (None, "chosen-by-another")
    browser.client.post("/logout")  # without a token: refused
    assert browser.get("/").headers["Location"] == "/console"
    assert browser.sign_in().cookie() not in (None, first)
    browser.client.set_cookie("accrual_session", first or "")
    assert browser.get("/").headers["Location"] == "/login"


def test_forms_from_elsewhere_change_nothing(browser: Browser, new_browser: NewBrowser) -> None:
    other, token = new_browser().sign_in(), _csrf_token(browser.sign_in())
    fields: dict[str, str]
    headers: dict[str, str]
    for fields, headers in (
        ({}, {}),
        ({"csrf_token": "0" * 64}, {}),
        ({"csrf_token": _csrf_token(other)}, {}),
        ({"csrf_token": token}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf_token": token}, {"Origin": "https://evil.example"}),
    ):
        refused = browser.client.post("/console/mode", data={"livemode": "true", **fields}, headers=headers)
        assert refused.status_code == 400
        assert "does not belong to the present session" in refused.text
    with db.transaction() as session:
        assert session.scalars(select(PersonSession.shows_live).distinct()).all() == [False]
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    sent = browser.client.post("/console/mode", data={"livemode": "true", "csrf_token": token}, headers=own)
    assert sent.status_code == 303
    with db.transaction() as session:
        assert {*session.scalars(select(PersonSession.shows_live))} == {True, False}


def test_form_that_was_shown_before_a_switch_in_another_tab_changes_nothing(
    browser: Browser, merchant: Merchant
) -> None:
    """Neither after a switch between test and live money, nor to another organization: it showed something else."""
    with db.transaction() as session:
        second = open_merchant(session, "Second").organization_id
    add_person(second, OWNER)
    browser.sign_in()
    page, form = "/console/settings/keys", "/console/settings/keys/browser"
    fields = {"name": "pages", "origins": "https://www.shop.example"}
    switches = (
        ("/console/mode", {"livemode": "true"}, {"livemode": "false"}),
        (
            "/console/organization",
            {"organization_id": ids.encode(ids.ORGANIZATION, second)},
            {"organization_id": ids.encode(ids.ORGANIZATION, merchant.organization_id)},
        ),
    )
    for action, switched, switched_back in switches:
        shown = {"csrf_token": token_on(browser, page), **fields}
        assert browser.client.post(action, data={**shown, **switched}).status_code == 303
        stale = browser.client.post(form, data=shown)
        assert (stale.status_code, "was switched, so nothing was done" in stale.text) == (409, True)
        with db.transaction() as session:
            assert session.scalar(select(func.count()).select_from(BrowserKey)) == 0
        assert browser.client.post(action, data={**shown, **switched_back}).status_code == 303, "shown before a switch"
    assert browser.client.post(form, data=shown).status_code == 303
    assert browser.client.post("/logout", data={"csrf_token": shown["csrf_token"]}).status_code == 303


def test_sign_in_cannot_be_forced_on_another_browser(browser: Browser) -> None:
    """Neither by a form of another site, nor by a token of another browser."""
    link = f"/login/{new_link()}"
    token = re.search(r'csrf_token" value="(\w+)"', browser.get(link).text)
    assert token is not None
    victim = browser.client.application.test_client()
    assert victim.post(link, data={"csrf_token": token[1]}).status_code == 400
    assert (
        browser.client.post(link, data={"csrf_token": token[1]}, headers={"Origin": "https://a.example"}).status_code
        == 400
    )
    with db.transaction() as session:
        assert session.scalars(select(LoginLink.used_at)).all() == [None]


def test_disabled_person_is_signed_out_and_sign_out_ends_the_session(browser: Browser, merchant: Merchant) -> None:
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    browser.sign_in("vera@example.com")
    with db.transaction() as session:
        member = memberships.find_by_email(session, merchant.organization_id, "vera@example.com")
        memberships.disable(session, CLI, member)
    assert browser.get("/").headers["Location"] == "/login"
    browser.sign_in()
    kept = browser.cookie()
    gone = browser.client.post("/logout", data={"csrf_token": _csrf_token(browser)})
    assert (gone.status_code, browser.cookie()) == (303, None)
    browser.client.set_cookie("accrual_session", kept or "")
    assert browser.get("/").headers["Location"] == "/login"


def test_person_returns_to_the_page_it_asked_for_but_to_no_other_site(browser: Browser) -> None:
    browser.send("/login?next=/console/payments?page=2", "/login", email=OWNER, next="/console/payments?page=2")
    answer = browser.send(f"/login/{new_link()}")
    assert answer.headers["Location"] == "/console/payments?page=2"
    for elsewhere in (
        "https://evil.example/console",
        "//evil.example",
        "/\\evil.example",
        "/console\\@evil",
        "/consoles",
    ):
        assert browser.get("/login", query_string={"next": elsewhere}).headers["Location"] == "/console"


def test_organization_is_switched_to_an_own_one_only(browser: Browser, merchant: Merchant) -> None:
    with db.transaction() as session:
        second = open_merchant(session, "Second").organization_id
    browser.sign_in()
    refused = browser.client.post(
        "/console/organization", data={"csrf_token": _csrf_token(browser), "organization_id": f"{second}"}
    )
    assert refused.status_code == 404
    assert refused.mimetype == "text/html"


def test_requests_for_links_are_limited_by_address(browser: Browser) -> None:
    answers = [browser.send("/login", email=f"{n}@example.com").status_code for n in range(pages.MAILS_PER_MINUTE + 1)]
    assert answers == [303] * pages.MAILS_PER_MINUTE + [429]


def test_cookie_is_for_this_host_over_https_alone_and_never_for_scripts(
    application: Flask, browser: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = browser.get("/login")
    assert "Strict-Transport-Security" not in plain.headers
    secured = settings.model_copy(update={"public_url": "https://accrual.example"})
    monkeypatch.setitem(application.extensions, "accrual_settings", secured)
    browser.client = application.test_client()
    link = f"https://localhost/login/{new_link()}"
    page = browser.get(link)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    answer = browser.send(link)
    [cookie] = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-accrual_session=")]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_no_log_line_has_a_link_or_an_address(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    link = new_link()
    browser.send("/login", email=OWNER)
    browser.get(f"/login/{link}")
    browser.send(f"/login/{link}")
    browser.get("/")
    logged = " ".join(str(record.msg) for record in caplog.records)
    assert link not in logged
    assert OWNER not in logged
    assert (browser.cookie() or "-") not in logged


def token_on(browser: Browser, page: str) -> str:
    """The token of the forms on a page."""
    found = re.search(r'csrf_token" value="(\w+)"', browser.get(page).text)
    assert found is not None
    return found[1]


def _csrf_token(browser: Browser) -> str:
    """The token of the forms on the pages of this session."""
    return tokens_of_forms._token(browser.cookie() or "")
