"""Whatever is broken in a browser or a page, the merchant's own script runs and sees no error of ours."""

import pytest
from playwright.sync_api import Page

from .shop import PAYMENT_LINK, SCRIPT_TAG, Shop, link_reference, metadata

ADA_LINK = "/?ref=ada-k3x9&aff_sess=ses_01"
ADA = "ada-k3x9--ses_01"
NO_MEMORY = "https://go.shop.test/v1/memory?program=prog_x"
"""An address that does not let the page read its answer."""
WATCH = """
window.seen = [];
addEventListener("error", event => seen.push(event.message));
addEventListener("unhandledrejection", event => seen.push(String(event.reason)));
"""
BODY = f"""
<a href='{PAYMENT_LINK}'>Buy</a><stripe-buy-button></stripe-buy-button>
<svg><a href='{PAYMENT_LINK}'><text>Buy</text></a></svg>
<script>document.body.append('added', document.createComment('later'), document.createElement('p'));
window.merchantRan = true;</script>
"""

BREAKAGES = {
    "storage is denied": "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('denied') } })",
    "storage is missing": "Object.defineProperty(window, 'sessionStorage', { value: undefined })",
    "storage is full": "Storage.prototype.setItem = () => { throw new Error('full') }",
    "storage holds nonsense": "Storage.prototype.getItem = () => ({ nonsense: true })",
    "cookies are denied": "Object.defineProperty(document, 'cookie', { get() { throw 1 }, set() { throw 1 } })",
    "observer is missing": "delete window.MutationObserver",
    "observer throws": "window.MutationObserver = class { constructor() { throw new Error('no') } }",
    "observer reports nonsense": "window.MutationObserver = class { constructor(f) { this.f = f }"
    " observe() { setTimeout(() => this.f([{}, { target: null, addedNodes: [null, undefined, 7] }])) } }",
    "URL is missing": "delete window.URL",
    "URLSearchParams is missing": "delete window.URLSearchParams",
    "performance is missing": "Object.defineProperty(window, 'performance', { value: undefined })",
    "listeners throw": "window.addEventListener = document.addEventListener = () => { throw new Error('no') }",
    "searching throws": "Document.prototype.querySelectorAll = () => { throw new Error('no') }",
    "attributes throw": "Element.prototype.setAttribute = Element.prototype.hasAttribute = () => { throw 1 }",
    "fetch is missing": "delete window.fetch",
    "fetch throws": "window.fetch = () => { throw new Error('no') }",
    "time limits are missing": "delete AbortSignal.timeout",
    "answers are nonsense": 'window.fetch = async () => new Response(\'{"code": 7, "unknown": null}\')',
    "another script queues nonsense": "window.accrual = { q: [null, ['none'], ['consent', 1], 7] }",
    "script is unknown": "Object.defineProperty(document, 'currentScript', { get() { throw new Error('no') } })",
    "name is taken": "Object.defineProperty(window, 'accrual', { value: 'taken' })",
    "name refuses": "Object.defineProperty(window, 'accrual', { set() { throw new Error('no') } })",
}
BREAKAGES["everything at once"] = ";".join(BREAKAGES[name] for name in BREAKAGES if name != "name refuses")


def _broken_page(shop: Shop, breakage: str, body: str = BODY) -> Page:
    """The partner's link opened on a page where this was broken before any script of ours ran."""
    options = f'<script src="/checkout.js" data-memory="{NO_MEMORY}"></script>'
    shop.put("/", body, head=f"<script>{WATCH};{breakage}</script>{options}{SCRIPT_TAG}")
    page = shop.visit(ADA_LINK)
    page.evaluate("new Promise(done => setTimeout(done))")
    return page


def _assert_unharmed(shop: Shop, page: Page) -> None:
    assert page.evaluate("window.merchantRan") is True
    assert page.evaluate("window.seen") == []
    assert shop.errors == []


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_snippet_raises_no_error_when(shop: Shop, breakage: str) -> None:
    _assert_unharmed(shop, _broken_page(shop, BREAKAGES[breakage]))


@pytest.mark.parametrize(
    "missing", ["observer is missing", "observer throws", "storage is denied", "storage is full", "name is taken"]
)
def test_links_of_the_page_are_still_decorated_when(shop: Shop, missing: str) -> None:
    page = _broken_page(shop, BREAKAGES[missing])
    assert link_reference(page) == ADA
    assert page.get_attribute("stripe-buy-button", "client-reference-id") == ADA


@pytest.mark.parametrize(
    "body",
    [
        "<img name='querySelectorAll'><img name='currentScript'><img name='cookie'><img name='documentElement'>",
        "<form name='currentScript'><input name='dataset'><input name='querySelectorAll'></form>",
        "<form><input name='localName'><input name='hasAttribute'><input name='querySelectorAll'></form>",
        "<p id='accrual'></p><a id='location' name='performance'></a><a href='https://%zz'>x</a>",
        "<template><stripe-buy-button></stripe-buy-button></template><a href>x</a><a>y</a><base href='::'>",
    ],
)
def test_no_error_reaches_a_page_with_odd_markup(shop: Shop, body: str) -> None:
    page = _broken_page(shop, "", f"{body}{SCRIPT_TAG}{BODY}")
    _assert_unharmed(shop, page)
    assert metadata(page) == {"affiliate_id": "ada-k3x9", "affiliate_session_id": "ses_01"}


def test_no_error_reaches_a_page_that_replaces_its_whole_document(shop: Shop) -> None:
    page = _broken_page(shop, "")
    page.evaluate("document.documentElement.replaceWith(document.createElement('html'))")
    page.evaluate("new Promise(requestAnimationFrame)")
    _assert_unharmed(shop, page)


def test_calls_after_the_storage_broke_still_answer(shop: Shop) -> None:
    page = _broken_page(shop, "")
    page.evaluate(BREAKAGES["storage is denied"])
    assert metadata(page) == {"affiliate_id": "ada-k3x9", "affiliate_session_id": "ses_01"}


def test_without_an_answer_the_new_code_counts(shop: Shop) -> None:
    shop.put("/", head=f'<script src="/checkout.js" data-memory="{NO_MEMORY}"></script>')
    page = shop.visit(ADA_LINK)
    shop.visit("/?ref=ben-77", page)
    ready = "new Promise(done => accrual.ready(() => done(accrual.metadata())))"
    assert page.evaluate(ready) == {"affiliate_id": "ben-77"}
    assert page.evaluate("sessionStorage.aff_ref") == "ben-77"
