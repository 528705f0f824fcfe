"""Text on a brand's colour and in it can be read, whichever colour it is."""

import itertools
import re

import pytest

from app.branding import colors, stylesheet
from app.errors import InvalidRequest
from tests.architecture.source import ROOT

STATIC = ROOT / "app/pages/static"
EVERY_FEW = ["#" + bytes(channels).hex() for channels in itertools.product(range(0, 256, 51), repeat=3)]
LIGHT, DARK = ("#f6f7f5", "#ffffff", "#eef1ee"), ("#121513", "#1a1f1b", "#232a25")


def test_contrast_is_that_of_the_web_guidelines() -> None:
    assert colors.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colors.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert colors.contrast("#0a7f5a", "#0a7f5a") == 1


def test_text_on_every_colour_and_links_in_it_can_be_read() -> None:
    for color in EVERY_FEW:
        assert colors.contrast(colors.on(color), color) >= 4.58, color
        for grounds in (LIGHT, DARK):
            text = colors.readable(color, grounds)
            assert min(colors.contrast(text, ground) for ground in grounds) >= 4.5, (color, text)


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert colors.readable("#14603a", LIGHT) == "#14603a"
    assert colors.readable("#ffd400", DARK) == "#ffd400"
    assert colors.readable("#ffd400", LIGHT) != "#ffd400"


@pytest.mark.parametrize(
    "text", ["#0a7f5", "0a7f5a", "red", "#0a7f5a;}", "#0a7f5a0", "url(x)", "", "#" + 6 * "\u0660", "#0a7f5a\n\n;"]
)
def test_anything_but_six_hexadecimal_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        colors.valid_color(text)
    assert refused.value.param == "color"
    assert refused.value.message.startswith("color ")
    assert "such as #0a7f5a" in refused.value.message


def test_capital_letters_are_made_small() -> None:
    assert colors.valid_color(" #0A7F5A ") == "#0a7f5a"


def test_the_grounds_are_those_of_the_pages() -> None:
    """Of both styles: for pages of people who are signed in, and for public ones."""
    for name in ("console.css", "style.css"):
        light, dark = (STATIC / name).read_text().split("@media (prefers-color-scheme: dark)")[:2]
        for styles, grounds in ((light, stylesheet.LIGHT), (dark, stylesheet.DARK)):
            found = re.findall(r"--(?:ground|surface|raised): (#\w+);", styles)
            every = {color if len(color) == 7 else "#" + "".join(one * 2 for one in color[1:]) for color in found}
            assert every <= set(grounds), name
    assert (LIGHT, DARK) == (stylesheet.LIGHT, stylesheet.DARK)
