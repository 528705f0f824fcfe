"""The styles with the colour of a program, which pages load after their own. Pure.

A colour has six hexadecimal digits and nothing else, so nothing that a merchant writes becomes a rule of a style.
"""

from typing import Final

from app.branding import colors

MEDIA_TYPE: Final = "text/css"
LIGHT: Final = ("#f6f7f5", "#ffffff", "#eef1ee")
"""The grounds of the pages by light, of which the first is the page's own. A test reads them in the pages' styles."""
DARK: Final = ("#121513", "#1a1f1b", "#232a25")


def text(color: str) -> str:
    """The styles: buttons in the colour, and links in the nearest colour that can be read on every ground."""
    button = f"--button: {color}; --on-button: {colors.on(color)};"
    light, dark = (f"--accent: {colors.readable(color, grounds)};" for grounds in (LIGHT, DARK))
    return f":root {{ {button} {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {button} {dark} }} }}\n"
