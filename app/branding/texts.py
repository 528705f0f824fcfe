"""Texts that a merchant writes for pages: their placeholders, and how long they may be. Pure."""

from collections.abc import Mapping
from typing import Final

from app import placeholders
from app.errors import InvalidRequest
from app.texts import require_text

LONGEST: Final = 2000
"""Characters of a text."""
PLACEHOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "portal_text": ("code", "partner", "program", "support_email"),
    "application_text": ("commission", "organization", "program", "support_email"),
}
"""The placeholders of each text."""
SUPPORT: Final = "{support_email}"


def valid_text(sent: str | None, *, param: str) -> str | None:
    """The text as it is stored, with plain line breaks; None if it is blank.

    Raises:
        InvalidRequest: it is too long, has control characters, or braces around anything but a known placeholder.
    """
    text = require_text(sent or "", param=param)
    if len(text) > LONGEST:
        raise InvalidRequest(f"{param} has {len(text):,} characters; give at most {LONGEST:,}", param=param)
    placeholders.require_known(text, PLACEHOLDERS[param], param=param)
    return text or None


def paragraphs(text: str | None, values: Mapping[str, str]) -> list[str]:
    """The filled text by paragraphs, which empty lines end; pages escape them like any other value."""
    filled = placeholders.fill(text or "", values)
    return [part.strip() for part in filled.split("\n\n") if part.strip()]
