"""The first-party cookie of the page, beside what it stores."""

import json
import time
from urllib.parse import unquote

import pytest

from .shop import Shop, metadata, stored

ADA = {"affiliate_id": "ada-k3x9", "affiliate_session_id": "ses_01"}
ADA_LINK = "/?ref=ada-k3x9&aff_sess=ses_01"
DAY_SECONDS = 86_400


def test_without_days_only_the_tab_remembers(shop: Shop) -> None:
    page = shop.visit("/empty")
    for days in ("", "0", "-3", "thirty"):
        shop.put("/", head=f'<script src="/checkout.js" data-cookie-days="{days}"></script>')
        assert metadata(shop.visit(ADA_LINK, page)) == ADA
        assert shop.context.cookies() == [], days
        assert stored(page) == {"aff_ref": "ada-k3x9", "aff_sess": "ses_01"}
        assert page.evaluate("localStorage.length") == 0


def test_cookie_and_storage_last_as_long_as_the_window(shop: Shop) -> None:
    for path, days, attribute in (("/", 30, ""), ("/sixty", 60, 'data-cookie-days="60"')):
        shop.put(path, head=f'<script src="/checkout.js" {attribute}></script>')
        page = shop.visit(path + ADA_LINK.removeprefix("/"))
        (cookie,) = shop.context.cookies()
        assert page.evaluate("localStorage.aff_touch") == cookie["value"]
        *names, until = json.loads(unquote(cookie["value"]))
        assert (cookie["name"], names) == ("aff_touch", ["ada-k3x9", "ses_01"])
        for end in (cookie["expires"], until / 1000):
            assert abs(end - time.time() - days * DAY_SECONDS) < 60
        assert (cookie["domain"], cookie["path"]) == ("www.shop.test", "/")
        assert (cookie["sameSite"], cookie["secure"]) == ("Lax", True)


def test_the_cookie_works_on_a_page_without_tls(shop: Shop) -> None:
    page = shop.visit("http://www.shop.test" + ADA_LINK)
    page.evaluate("sessionStorage.clear() || localStorage.clear()")
    assert metadata(shop.visit("http://www.shop.test/pricing", page)) == ADA


def test_the_cookie_is_known_in_another_tab(shop: Shop) -> None:
    shop.visit(ADA_LINK)
    assert metadata(shop.visit("/pricing")) == ADA


def test_the_window_counts_from_the_touch_and_not_from_the_last_page(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    before = shop.context.cookies()
    shop.visit("/pricing", page)
    assert shop.context.cookies() == before


def test_later_touch_in_another_tab_replaces_code_and_session(shop: Shop) -> None:
    first_tab = shop.visit(ADA_LINK)
    shop.visit("/?ref=ben-77")
    shop.visit("/pricing", first_tab)
    assert metadata(first_tab) == {"affiliate_id": "ben-77"}
    assert [unquote(cookie["value"])[:13] for cookie in shop.context.cookies()] == ['["ben-77","",']


def test_cookie_of_a_shared_domain_reaches_the_checkout_host(shop: Shop) -> None:
    shop.visit("/?ref=ben-77")
    shop.put("/", head='<script src="/checkout.js" data-cookie-domain="shop.test"></script>')
    page = shop.visit(ADA_LINK)
    assert metadata(shop.visit("https://app.shop.test/")) == ADA
    page.evaluate("localStorage.clear() || sessionStorage.clear()")
    assert metadata(shop.visit("/", page)) == ADA, "an older cookie of the host alone does not hide it"


def test_odd_characters_survive_the_cookie(shop: Shop) -> None:
    shop.visit("/?ref=jos%C3%A9%3B%20path%3D%2Fx%2C%22")
    assert metadata(shop.visit("/pricing")) == {"affiliate_id": 'josé; path=/x,"'}


def test_a_damaged_cookie_counts_as_none(shop: Shop) -> None:
    page = shop.visit("/empty")
    for damaged in ("%E0%A4%A", "ada", "[]", "%5B1%2C2%2C9e15%5D", "null", "%7B%7D"):
        shop.context.add_cookies([{"name": "aff_touch", "value": damaged, "url": "https://www.shop.test/"}])
        assert metadata(shop.visit("/pricing", page)) == {}
        assert shop.errors == []


def test_what_is_past_its_time_is_forgotten_everywhere(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    (cookie,) = shop.context.cookies()
    past = cookie["value"].rpartition("%2C")[0] + f"%2C{time.time_ns() // 1_000_000 - 1}%5D"
    page.evaluate("past => { localStorage.aff_touch = past }", past)
    shop.context.add_cookies([{"name": "aff_touch", "value": past, "url": "https://www.shop.test/"}])
    assert metadata(shop.visit("/pricing", page)) == {}
    assert (stored(page), page.evaluate("localStorage.length"), shop.context.cookies()) == ({}, 0, [])


@pytest.mark.parametrize("denied", ["storage", "cookies"])
def test_if_one_is_denied_the_other_remembers(shop: Shop, denied: str) -> None:
    denials = {
        "storage": "for (const kind of ['sessionStorage', 'localStorage'])"
        " Object.defineProperty(window, kind, { get() { throw new Error('denied') } })",
        "cookies": "Object.defineProperty(document, 'cookie', { get() { throw 1 }, set() { throw 1 } })",
    }
    page = shop.visit("/")
    shop.run_first(page, denials[denied])
    shop.visit(ADA_LINK, page)
    page.evaluate("try { sessionStorage.clear() } catch {}")
    shop.visit("/pricing", page)
    assert metadata(page) == ADA
