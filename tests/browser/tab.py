"""Tabs of the browser.

Many visitors share one profile and one tab of it, because a new profile and a new tab cost half a second of CPU.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

TIMEOUT_MILLISECONDS = 10_000


class Tab:
    """A tab that each visitor finds empty: no cookie, nothing in storage, no script of an earlier visitor."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context()
        self.context.set_default_timeout(TIMEOUT_MILLISECONDS)
        self._page: Page | None = None

    def open(self) -> Page:
        """The tab; a new one where there is none."""
        if self._page is None:
            self._page = self.context.new_page()
        return self._page

    def close(self) -> None:
        """Close it, so that the next visitor gets a new one."""
        if self._page is not None:
            self._page.close()
        self._page = None

    def clear(self, empty_pages: Iterable[str]) -> None:
        """Forget the visitor: cookies, other tabs, and storage, which is cleared on these addresses."""
        for page in self.context.pages:
            if page is not self._page:
                page.close()
        for address in empty_pages if self._page else ():
            self._page.goto(address)
            self._page.evaluate("sessionStorage.clear(); localStorage.clear(); window.name = ''")
        self.context.unroute_all()
        self.context.clear_cookies()


@contextmanager
def quiet_page(context: BrowserContext, *expected: str) -> Iterator[Page]:
    """A page of a profile that is closed afterwards; it may complain only of what has one of the `expected` words."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [one for one in complaints if not any(words in one for words in expected)] == []
