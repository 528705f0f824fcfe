"""Reading pages as everyone must be able to.

Light and dark, at a desk and on a phone, by axe's rules, enlarged to twice the size, and with the keyboard alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
SIZES: Final = {"desktop": (1280, 900), "phone": (390, 844)}
LOOKS: Final = [("light", "desktop"), ("dark", "phone")]
"""Every width and every colour scheme once; `--screenshots` takes all four."""
EVERY_LOOK: Final = [(scheme, size) for size in SIZES for scheme in ("light", "dark")]
ENLARGED: Final = {"width": 640, "height": 450}
"""What a desk's screen of 1280 by 900 has room for at 200 %."""
CUT_OFF: Final = """() => [...document.querySelectorAll("body *:not(.chart, .chart *, input, select)")]
.filter((one) => {
    const style = getComputedStyle(one);
    const cuts = ["hidden", "clip"].includes(style.overflowX) || ["hidden", "clip"].includes(style.overflowY);
    return cuts && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
}).map((one) => one.outerHTML.slice(0, 100))"""
"""Elements whose text is cut off, and cannot be scrolled to."""
LISTEN: Final = """() => {
    const isUsed = (one) => !one.disabled && one.checkVisibility({ visibilityProperty: true });
    const stops = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]';
    const isStop = (one, place, all) => {
        const group = one.type === "radio" ? all.filter((other) => other.name === one.name) : [one];
        return one === (group.find((other) => other.checked) ?? group[0]);
    };
    window.expected = [...document.querySelectorAll(stops)].filter(isUsed).filter(isStop);
    window.reached = [];
    window.unmarked = [];
    document.addEventListener("focusin", ({ target }) => {
        if (!window.reached.includes(target)) window.reached.push(target);
        const style = getComputedStyle(target);
        if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) window.unmarked.push(target);
    });
    const parts = document.querySelectorAll('input[type="date"], input[type="datetime-local"], input[type="month"]');
    return window.expected.length + 8 * parts.length;
}"""
"""Note what the keyboard reaches from now on; gives how often Tab has to be pressed at most."""
HEARD: Final = """() => {
    const name = (one) => one.outerHTML.slice(0, 100);
    const inOrder = window.reached.filter((one) => window.expected.includes(one));
    return {
        unreached: window.expected.filter((one) => !window.reached.includes(one)).map(name),
        unmarked: window.unmarked.map(name),
        disordered: inOrder.filter((one, place) => one !== window.expected[place]).map(name).slice(0, 3),
    };
}"""
RUN: Final = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
}"""


def look(page: Page, scheme: Any, size: str) -> None:
    width, height = SIZES[size]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})


def assert_readable(page: Page, address: str, named: Sequence[tuple[str, str]], config: pytest.Config) -> None:
    """No page of `named`, its path with the name of its picture, breaks a rule or is wider than the screen.

    `--screenshots` of `config` is the folder for pictures of every look; `--language` that of the pages.
    """
    kept = config.getoption("--screenshots")
    page.context.set_extra_http_headers({"Accept-Language": config.getoption("--language")})
    violations, wide, lost, stuck = {}, [], {}, {}
    _assert_skips_to_content(page, address + named[0][0])
    for path, name in named:
        page.goto(address + path)
        if faults := _faults_of_keyboard(page):
            stuck[path] = faults
        if faults := _faults_enlarged(page):
            lost[path] = faults
        page.evaluate(AXE)
        for scheme, size in EVERY_LOOK if kept else LOOKS:
            look(page, scheme, size)
            if kept:
                page.screenshot(path=Path(kept) / f"{name}-{size}-{scheme}.png", full_page=True)
            if found := page.evaluate(RUN):
                violations[path, scheme, size] = found
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path, size))
    assert violations == {}, violations
    assert wide == [], wide
    assert lost == {}, lost
    assert stuck == {}, stuck


def _assert_skips_to_content(page: Page, address: str) -> None:
    """The first stop of the keyboard leads past the navigation, to the page's content."""
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")


def _faults_of_keyboard(page: Page) -> dict[str, list[str]]:
    """What Tab does not reach in the order of the page, and what does not show that it has the focus."""
    for _ in range(page.evaluate(LISTEN)):
        page.keyboard.press("Tab")
    heard: dict[str, list[str]] = page.evaluate(HEARD)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0); document.querySelector('.side')?.scrollTo(0, 0)")
    return {fault: elements for fault, elements in heard.items() if elements}


def _faults_enlarged(page: Page) -> list[str]:
    """What is lost at 200 %: the page is wider than the screen, or text is cut off."""
    page.set_viewport_size(ENLARGED)  # type: ignore[arg-type]  # a dictionary of these keys
    cut_off: list[str] = page.evaluate(CUT_OFF)
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*cut_off, *(["the page is wider than the screen"] if is_wide else [])]
