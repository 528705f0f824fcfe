"""The first-party cookie a merchant may turn on."""

import time

import pytest

from .shop import Shop, metadata

ADA = {"affiliate_id": "ada-k3x9", "affiliate_session_id": "ses_01"}
ADA_LINK = "/?ref=ada-k3x9&aff_sess=ses_01"
DAY_SECONDS = 86_400


@pytest.fixture
def cookie_shop(shop: Shop) -> Shop:
    """A shop whose pages keep the touch in a cookie for thirty days."""
    for path in ("/", "/pricing"):
        shop.put(path, head='<script src="/checkout.js" data-cookie-days="30"></script>')
    return shop


def test_no_cookie_is_set_unless_asked_for(shop: Shop) -> None:
    shop.visit(ADA_LINK)
    assert shop.context.cookies() == []


def test_no_cookie_is_set_for_an_invalid_window(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    for days in ("", "0", "-3", "thirty"):
        shop.put("/", head=f'<script src="/checkout.js" data-cookie-days="{days}"></script>')
        assert metadata(shop.visit(ADA_LINK, page)) == ADA
        assert shop.context.cookies() == [], days


def test_cookie_lasts_as_long_as_the_window(cookie_shop: Shop) -> None:
    cookie_shop.visit(ADA_LINK)
    cookies = {cookie["name"]: cookie for cookie in cookie_shop.context.cookies()}
    assert {name: cookie["value"] for name, cookie in cookies.items()} == {"aff_ref": "ada-k3x9", "aff_sess": "ses_01"}
    for cookie in cookies.values():
        assert 29 * DAY_SECONDS < cookie["expires"] - time.time() < 31 * DAY_SECONDS
        assert (cookie["domain"], cookie["path"]) == ("www.shop.test", "/")
        assert (cookie["sameSite"], cookie["secure"]) == ("Lax", True)


def test_the_cookie_works_on_a_page_without_tls(cookie_shop: Shop) -> None:
    page = cookie_shop.visit("http://www.shop.test" + ADA_LINK)
    page.evaluate("sessionStorage.clear()")
    assert metadata(cookie_shop.visit("http://www.shop.test/pricing", page)) == ADA


def test_the_cookie_is_known_in_another_tab(cookie_shop: Shop) -> None:
    cookie_shop.visit(ADA_LINK)
    assert metadata(cookie_shop.visit("/pricing")) == ADA


def test_the_window_counts_from_the_touch_and_not_from_the_last_page(cookie_shop: Shop) -> None:
    page = cookie_shop.visit(ADA_LINK)
    before = cookie_shop.context.cookies()
    cookie_shop.visit("/pricing", page)
    assert cookie_shop.context.cookies() == before


def test_later_touch_in_another_tab_replaces_code_and_session(cookie_shop: Shop) -> None:
    first_tab = cookie_shop.visit(ADA_LINK)
    cookie_shop.visit("/?ref=ben-77")
    cookie_shop.visit("/pricing", first_tab)
    assert metadata(first_tab) == {"affiliate_id": "ben-77"}
    assert [cookie["name"] for cookie in cookie_shop.context.cookies()] == ["aff_ref"]


def test_cookie_of_a_shared_domain_reaches_the_checkout_host(shop: Shop) -> None:
    tag = '<script src="/checkout.js" data-cookie-days="30" data-cookie-domain="shop.test"></script>'
    shop.put("/", head=tag)
    shop.visit(ADA_LINK)
    assert metadata(shop.visit("https://app.shop.test/")) == ADA


def test_odd_characters_survive_the_cookie(cookie_shop: Shop) -> None:
    cookie_shop.visit("/?ref=jos%C3%A9%3B%20path%3D%2Fx%2C%22")
    assert metadata(cookie_shop.visit("/pricing")) == {"affiliate_id": 'josé; path=/x,"'}


def test_a_damaged_cookie_counts_as_none(cookie_shop: Shop) -> None:
    cookie_shop.context.add_cookies([{"name": "aff_ref", "value": "%E0%A4%A", "url": "https://www.shop.test/"}])
    page = cookie_shop.visit("/pricing")
    assert metadata(page) == {}
    assert cookie_shop.errors == []


def test_the_cookie_is_used_if_storage_is_denied(cookie_shop: Shop) -> None:
    page = cookie_shop.visit("/")
    cookie_shop.run_first(
        page, "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('denied') } })"
    )
    cookie_shop.visit(ADA_LINK, page)
    cookie_shop.visit("/pricing", page)
    assert metadata(page) == ADA
