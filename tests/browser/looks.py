"""Reading pages as everyone must be able to: light and dark, at a desk and on a phone, by axe's rules."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
SIZES: Final = {"desktop": (1280, 900), "phone": (390, 844)}
LOOKS: Final = [("light", "desktop"), ("dark", "phone")]
"""Every width and every colour scheme once; `--screenshots` takes all four."""
EVERY_LOOK: Final = [(scheme, size) for size in SIZES for scheme in ("light", "dark")]
RUN: Final = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
}"""


def look(page: Page, scheme: Any, size: str) -> None:
    width, height = SIZES[size]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})


def assert_readable(page: Page, address: str, named: Iterable[tuple[str, str]], kept: str | None) -> None:
    """No page of `named`, its path with the name of its picture, breaks a rule or is wider than the screen.

    `kept` is the folder for pictures of every look, None for none.
    """
    violations, wide = {}, []
    for path, name in named:
        page.goto(address + path)
        page.evaluate(AXE)
        for scheme, size in EVERY_LOOK if kept else LOOKS:
            look(page, scheme, size)
            if kept:
                page.screenshot(path=Path(kept) / f"{name}-{size}-{scheme}.png", full_page=True)
            if found := page.evaluate(RUN):
                violations[path, scheme, size] = found
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path, size))
    assert violations == {}
    assert wide == []
