"""Colours of brands: whether text can be read on them and in them. Pure.

Contrast is the ratio of luminances. Source: WCAG 2.2, "contrast ratio" and "relative luminance"; 4.5 is the least for
text (1.4.3).
"""

import re
from collections.abc import Sequence
from typing import Final

from app.errors import InvalidRequest

PATTERN: Final = r"^#[0-9a-f]{6}$"
LEAST: Final = 4.5
BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
STEPS: Final = 64
"""In how many steps a colour is mixed with black or white until it can be read."""
SHOWN: Final = 20
"""Characters of a wrong value that the message repeats."""
_COLOR: Final = re.compile(PATTERN)


def valid_color(text: str, *, param: str = "color") -> str:
    """`text`, if it is a colour such as `#0a7f5a`; capital letters are made small. Raises InvalidRequest."""
    color = text.strip().lower()
    if not _COLOR.fullmatch(color):
        message = (
            f"{param} {text[:SHOWN]!r} is not a colour; give # and six digits from 0 to 9 and a to f, such as #0a7f5a"
        )
        raise InvalidRequest(message, param=param)
    return color


def on(color: str) -> str:
    """Black or white, whichever can be read better on `color`: the contrast is never less than 4.58."""
    return max((BLACK, WHITE), key=lambda text: contrast(text, color))


def readable(color: str, grounds: Sequence[str]) -> str:
    """`color`, mixed with as little black or white as makes it a text that can be read on every one of `grounds`.

    The grounds are all light or all dark. Example: `readable("#ffd400", ["#ffffff"])` is a dark yellow.
    """
    end = on(grounds[0])
    mixed = (_mix(color, end, step / STEPS) for step in range(STEPS + 1))
    return next(text for text in mixed if all(contrast(text, ground) >= LEAST for ground in grounds))


def contrast(first: str, second: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue


def _mix(color: str, end: str, share: float) -> str:
    mixed = (round(one + (other - one) * share) for one, other in zip(_channels(color), _channels(end), strict=True))
    return "#" + bytes(mixed).hex()
