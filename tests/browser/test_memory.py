"""What a browser remembers of a partner's link for weeks, in Chromium and WebKit, over https, from `www` to `app`."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from app.touchpoints import cookie_domains, memory
from app.touchpoints.memory import Memory
from tests.cast import Merchant

from .site import APP, ELSEWHERE, EMPTY, EVIL, LINKS, SANDBOXED, WWW, Site, served
from .visitors import ChromiumVisitor, Visitor, WebKitVisitor, display, require_webkit

DAY_SECONDS = 86_400
WINDOW_DAYS = 30
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "add-the-snippet.md"
STORED = "({...localStorage, ...sessionStorage})"
AGE_STORAGE = """(() => {
  const touch = JSON.parse(decodeURIComponent(localStorage.getItem("aff_touch")));
  if (touch) localStorage.setItem("aff_touch", encodeURIComponent(JSON.stringify([touch[0], touch[1], touch[2] - %d])));
})()"""
METADATA = "new Promise(done => accrual.ready(() => done(accrual.metadata())))"


@pytest.fixture(scope="package")
def screen() -> Iterator[None]:
    require_webkit()
    with display():
        yield


@pytest.fixture
def site(merchant: Merchant, application: Flask, tmp_path: Path) -> Iterator[Site]:
    with db.transaction() as session:
        pages = text("UPDATE programs SET landing_url = :url, landing_hosts = '{app.shop.test}'")
        session.execute(pages, {"url": f"{WWW}/"})
        cookie_domains.change(session, "cli", merchant.organization_id, "shop.test")
    site = Site(application, memory=f"{LINKS}/v1/memory?program={ids.encode(ids.PROGRAM, merchant.program_id)}")
    with served(site, tmp_path):
        yield site


@pytest.fixture(params=["chromium", "webkit"])
def visitor(request: pytest.FixtureRequest, site: Site) -> Iterator[Visitor]:
    if request.param == "webkit":
        request.getfixturevalue("screen")
        visitor: Any = WebKitVisitor(site.proxy)
    else:
        browser: Browser = request.getfixturevalue("chromium")
        visitor = ChromiumVisitor(browser, site.proxy)
    yield visitor
    visitor.close()


def _metadata(visitor: Visitor) -> Any:
    """What the page hands to a checkout, once Accrual has answered."""
    assert visitor.run("seen") == []
    return visitor.run(METADATA)


def _code_in_new_tab(visitor: Visitor, address: str = f"{WWW}/pricing") -> str | None:
    visitor.new_tab(address)
    code: str | None = _metadata(visitor).get("affiliate_id")
    return code


def _age(visitor: Visitor, merchant: Merchant, settings: Settings, days: int) -> None:
    """Make all that the browser has so many days older: expiries, the signed time, and the end in storage.

    A page's clock does not age cookies.
    """
    owner, program, secret = merchant.organization_id, merchant.program_id, settings.secret_keys[0]
    for host in (APP, WWW):
        visitor.open(host + EMPTY)
        visitor.run(AGE_STORAGE % (days * DAY_SECONDS * 1000))
        for cookie in visitor.cookies():
            if not cookie["httpOnly"]:
                cookie["value"] = visitor.run("localStorage.aff_touch")
            elif host == WWW:  # it is the same on both
                code, session_id, milliseconds, _ = cookie["value"].split(".")
                touched_at = memory.EPOCH + int(milliseconds) * memory.MILLISECOND - timedelta(days=days)
                cookie["value"] = memory.write(Memory(code, session_id, touched_at), owner, program, secret)
            else:
                continue
            cookie["expires"] -= days * DAY_SECONDS
            visitor.set_cookie(cookie)


def test_a_visitor_is_remembered_for_the_programs_window(
    site: Site, visitor: Visitor, merchant: Merchant, settings: Settings
) -> None:
    visitor.open(f"{LINKS}/r/ada")
    ada = _metadata(visitor)
    assert ada["affiliate_id"] == "ada"
    assert visitor.run("location.search") == f"?ref=ada&aff_sess={ada['affiliate_session_id']}"
    for cookie in visitor.cookies():
        assert abs(cookie["expires"] - time.time() - WINDOW_DAYS * DAY_SECONDS) < 60, cookie
        assert (cookie["secure"], cookie["sameSite"]) == (True, "Lax")
    by_name = {cookie["name"]: cookie for cookie in visitor.cookies()}
    signed = by_name.pop(memory.cookie_name(merchant.organization_id))
    assert (signed["httpOnly"], signed["domain"].lstrip(".")) == (True, "shop.test")
    assert list(by_name) == ["aff_touch"]
    assert "aff_memory" not in visitor.run("document.cookie")

    visitor.new_tab(f"{APP}/checkout")
    assert _metadata(visitor) == ada, "from www to app"
    for days in (2, 27):
        _age(visitor, merchant, settings, days)
        visitor.new_tab(f"{WWW}/pricing")
        assert _metadata(visitor) == ada
    visitor.run("localStorage.clear() || (document.cookie = 'aff_touch=;path=/;max-age=0;secure')")
    assert _code_in_new_tab(visitor) == "ada", "on day 29 without what scripts stored, as in Safari after a week"
    _age(visitor, merchant, settings, 2)
    assert _code_in_new_tab(visitor) is None
    assert _code_in_new_tab(visitor, f"{APP}/checkout") is None
    assert "aff_touch" not in visitor.run(STORED)
    assert visitor.cookies() == []


def test_only_a_code_that_credits_a_partner_replaces_a_remembered_one(site: Site, visitor: Visitor) -> None:
    visitor.open(f"{WWW}/?ref=nope")
    assert _metadata(visitor) == {"affiliate_id": "nope"}, "the explanation of a sale shows it"
    assert [one["name"] for one in visitor.cookies()] == ["aff_touch"], "the server remembers only its partners"
    visitor.open(f"{LINKS}/r/ada")
    ada = _metadata(visitor)
    for query in ("ref=", "ref=null", "ref=nope", "aff_sess=", "utm_source=news"):
        visitor.open(f"{WWW}/?{query}")
        assert visitor.run("accrual.metadata()") == ada, query
        assert _metadata(visitor) == ada, query
        assert visitor.run("document.links[0].search") == f"?client_reference_id=ada--{ada['affiliate_session_id']}"
    visitor.new_tab(f"{APP}/?ref=ben")
    assert _metadata(visitor) == {"affiliate_id": "ben"}, "never with Ada's session"
    assert visitor.run("document.links[0].search") == "?client_reference_id=ben"
    assert _code_in_new_tab(visitor) == "ben", "a later touch on another host counts"
    visitor.run("history.pushState({}, '', '/plans?ref=ada')")
    assert _metadata(visitor)["affiliate_id"] == "ada", "an address inside the page counts as well"
    site.attributes = 'data-ref-param="ref via fp_ref"'
    for query, code in (("via=ben", "ben"), ("fp_ref=ada", "ada"), ("ref=ben&via=ada", "ben")):
        visitor.open(f"{WWW}/?{query}")
        assert _metadata(visitor) == {"affiliate_id": code}
    visitor.open(f"{LINKS}/r/ada")
    visitor.open(f"{WWW}{SANDBOXED}?ref=ben")
    assert _metadata(visitor) == {"affiliate_id": "ben"}, "the page itself remembers"
    assert visitor.run("document.links[0].search") == "?client_reference_id=ben"


def test_without_consent_only_the_page_remembers(site: Site, visitor: Visitor) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE programs SET link_cookie = 'after_consent'"))
    site.attributes = 'data-consent="pending"'
    visitor.open(f"{LINKS}/r/ada")
    ada = _metadata(visitor)
    assert ada["affiliate_id"] == "ada"
    assert (visitor.run(STORED), visitor.cookies()) == ({}, [])
    visitor.run("accrual.consent(false)")
    assert _metadata(visitor) == {}
    assert visitor.run("document.links[0].search") == ""
    visitor.open(f"{WWW}/pricing")
    visitor.run("accrual.consent(true)")
    assert _metadata(visitor) == {}

    visitor.open(f"{LINKS}/r/ada")
    visitor.run("history.replaceState({}, '', '/welcome')")
    visitor.run("accrual.consent(true)")
    ada = _metadata(visitor)
    assert sorted(cookie["httpOnly"] for cookie in visitor.cookies()) == [False, True]
    assert visitor.run("sessionStorage.aff_ref") == "ada"
    visitor.new_tab(f"{APP}/checkout")
    assert _metadata(visitor) == {}, "the page of another host may not ask yet"
    visitor.run("accrual.consent(true)")
    assert _metadata(visitor) == ada
    visitor.run("accrual.consent(false)")
    assert _metadata(visitor) == {}
    assert (visitor.run(STORED), visitor.cookies()) == ({}, [])
    assert "DELETE /v1/memory" in site.called


def test_calls_before_the_script_is_loaded_are_answered_from_storage_and_made_later(
    site: Site, visitor: Visitor
) -> None:
    stub = GUIDE.read_text().partition("<!-- stub -->\n```html\n")[2].partition("\n```")[0]
    assert "window.accrual" in stub
    visitor.open(f"{LINKS}/r/ada")
    ada = _metadata(visitor)
    early = "early = [accrual.metadata(), accrual.clientReferenceId()]; accrual.ready(() => early.push('ready'))"
    site.head = f"{stub}<script>{early};accrual.consent(false)</script>"
    visitor.new_tab(f"{WWW}/pricing")
    reference = f"ada--{ada['affiliate_session_id']}"
    assert visitor.run("new Promise(done => setTimeout(() => done(early), 500))") == [ada, reference, "ready"]
    assert _metadata(visitor) == {}, "consent(false) was kept for the script"


def test_pages_of_others_cannot_read_it_and_another_sites_server_is_not_needed(site: Site, visitor: Visitor) -> None:
    visitor.open(f"{LINKS}/r/ada")
    ada = _metadata(visitor)
    ask = f"fetch('{site.memory}', {{credentials: 'include'}}).then(answer => answer.json()).catch(() => 'refused')"
    assert visitor.run(ask)["code"] == "ada"
    visitor.open(f"{EVIL}/")
    assert visitor.run(ask) == "refused"
    assert visitor.run(ask.replace("include'", "include', method: 'POST', body: '{\"code\": \"ben\"}'")) == "refused"
    visitor.open(f"{WWW}/")
    assert _metadata(visitor) == ada

    visitor.run("localStorage.clear() || sessionStorage.clear()")
    visitor.clear_cookies()
    site.memory = site.memory.replace(LINKS, ELSEWHERE)
    visitor.open(f"{ELSEWHERE}/r/ben")
    ben = _metadata(visitor)
    assert _code_in_new_tab(visitor) == ben["affiliate_id"] == "ben"
    assert json.loads(visitor.run("decodeURIComponent(localStorage.aff_touch)"))[0] == "ben"
    assert [cookie["name"] for cookie in visitor.cookies()] == ["aff_touch"], "no cookie of another site"
