"""A merchant's website as one visitor's browser sees it, without any network."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Error, Page, Route

from .tab import Tab

SNIPPET = Path(__file__).parents[2] / "snippets" / "checkout.js"
SCRIPT_TAG = '<script src="/checkout.js"></script>'
WWW = "https://www.shop.test"
EMPTY_PATH = "/empty"
PAYMENT_LINK = "https://buy.stripe.com/test_8wM8zHe8Q"
STRIPE_HOSTS = {"buy.stripe.com", "book.stripe.com", "donate.stripe.com", "pay.shop.test"}


@dataclass
class Shop:
    """The pages of *.shop.test and what one visitor's browser did there.

    A page that was not `put` is an empty one with the snippet in its head. Requests to Stripe's hosts get an
    empty page and are kept in `stripe_visits`; every other request is refused and kept in `strays`. The first page is
    opened in the tab that all visitors share, further ones in tabs of their own.
    """

    tab: Tab
    pages: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    stripe_visits: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    opened: list[Page] = field(default_factory=list)
    uses_up_tab: bool = False

    @property
    def context(self) -> BrowserContext:
        """The visitor's cookies and tabs."""
        return self.tab.context

    def put(self, path: str, body: str = "", *, head: str = SCRIPT_TAG) -> None:
        """Serve this page under `path` on every host of the shop."""
        self.pages[path] = f"<!doctype html><html><head><title>Shop</title>{head}</head><body>{body}</body></html>"

    def visit(self, address: str, page: Page | None = None) -> Page:
        """The loaded page, in a new tab unless one is given; `address` is a path of www.shop.test or a whole URL."""
        if page is None:
            page = self.context.new_page() if self.opened else self.tab.open()
            page.on("pageerror", self._note_error)
            self.opened.append(page)
        page.goto(WWW + address if address.startswith("/") else address)
        return page

    def run_first(self, page: Page, script: str) -> None:
        """Run this before any script of each page that is loaded from now on; the tab is not used again."""
        page.add_init_script(script)
        self.uses_up_tab = True

    def leave(self) -> None:
        """End the visit; the next visitor finds a tab as a new one."""
        for page in self.opened:
            page.remove_listener("pageerror", self._note_error)
        if self.uses_up_tab:
            self.tab.close()
        self.put(EMPTY_PATH, head="")
        origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, self.requests)}
        self.tab.clear(origin + EMPTY_PATH for origin in sorted(origins) if origin.endswith(".shop.test"))

    def _note_error(self, error: Error) -> None:
        self.errors.append(str(error))

    def answer(self, route: Route) -> None:
        """Answer one request of the browser."""
        url = route.request.url
        parts = urlsplit(url)
        host = parts.hostname or ""
        self.requests.append(url)
        if host in STRIPE_HOSTS:
            self.stripe_visits.append(url)
            route.fulfill(body="<h1>Pay</h1>", content_type="text/html")
        elif parts.path == "/checkout.js":
            route.fulfill(body=SNIPPET.read_text(), content_type="text/javascript; charset=utf-8")
        elif host.endswith(".shop.test"):
            if parts.path not in self.pages:
                self.put(parts.path)
            route.fulfill(body=self.pages[parts.path], content_type="text/html; charset=utf-8")
        else:
            self.strays.append(url)
            route.abort()


def metadata(page: Page) -> Any:
    """What the merchant's checkout would send as metadata."""
    return page.evaluate("window.accrual.metadata()")


def reference(page: Page) -> Any:
    """What the merchant's checkout would send as client reference; None where the snippet gives undefined."""
    return page.evaluate("window.accrual.clientReferenceId()")


def stored(page: Page) -> Any:
    """Everything the page's sessionStorage holds."""
    return page.evaluate("Object.assign({}, window.sessionStorage)")


def link_reference(page: Page, selector: str = "a") -> str | None:
    """The client reference in a link's address, as Stripe would read it."""
    query = urlsplit(str(page.evaluate("selector => document.querySelector(selector).href", selector))).query
    values = parse_qs(query, keep_blank_values=True).get("client_reference_id")
    return ",".join(values) if values else None
