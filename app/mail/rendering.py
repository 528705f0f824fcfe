"""Renders a mail as text and as HTML from its words, its content and a brand. Values are escaped in HTML."""

from collections.abc import Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app import placeholders
from app.branding import colors
from app.branding.brand import Brand
from app.immutable import immutable
from app.mail.making.contents import Content
from app.sentences import catalogue
from app.sentences.say import say, show

if TYPE_CHECKING:
    from jinja2 import Environment

ACCENT: Final = "#1f5fbf"
"""The colour of buttons without a brand's own."""


@immutable
class Words:
    """Subject and text of a mail, filled in. Paragraphs are divided by an empty line."""

    subject: str
    text: str


@immutable
class Message:
    """A mail ready to be sent. Nothing of it may reach a log.

    Attributes:
        sender_name: the name that is shown as its sender; None: that of the installation.
        reply_to: where answers go; None: to the sender.
    """

    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    sender_name: str | None = field(repr=False)
    reply_to: str | None = field(repr=False)


def filled(subject: str, text: str, values: Mapping[str, str]) -> Words:
    """A merchant's own words with the values in the places of their names."""
    return Words(placeholders.fill(subject, values), placeholders.fill(text, values))


def render(words: Words, content: Content, look: Brand, *, public_url: str, footer: str, recipient: str) -> Message:
    """The mail. Names come from people, so the subject is made one line, and no value is read as a header or HTML."""
    language = catalogue.current().language
    accent = look.color or ACCENT
    subject = _one_line(words.subject)
    values = {
        "subject": subject,
        "paragraphs": [part.strip("\n").split("\n") for part in words.text.split("\n\n") if part.strip()],
        "links": content.links,
        "table": [(name, show(value, language)) for name, value in content.table],
        "brand": look,
        "logo": look.logo and look.logo.url(public_url),
        "footer": footer,
        "language": language,
        "accent": accent,
        "on_accent": colors.on(accent),
    }
    templates = _templates()
    return Message(
        recipient=recipient,
        subject=subject,
        text=templates.get_template("mail.txt").render(values),
        html=templates.get_template("mail.html").render(values),
        sender_name=_one_line(look.name) if look.support_email or look.logo or look.color else None,
        reply_to=look.support_email,
    )


@cache
def _templates() -> "Environment":
    from jinja2 import (  # noqa: PLC0415 - it takes megabytes, and one of the processes renders mails
        Environment,
        FileSystemLoader,
        StrictUndefined,
        select_autoescape,
    )

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["say"] = say
    return made


def _one_line(text: str) -> str:
    """The text without line ends and other control characters, so that it stays within one header."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
