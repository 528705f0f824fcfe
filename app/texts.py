"""Validation of text that people enter: single lines, longer text and e-mail addresses. Pure."""

import re
from typing import Final

from app.errors import InvalidRequest

CONTROL: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Control characters, line and paragraph separators, and characters that change the direction of text."""
LINE: Final = rf"^[^{CONTROL}]*$"
FILLED_LINE: Final = rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$"
ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS: Final = rf"^{ATOM}(?:\.{ATOM})*@(?:{LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])$"
"""An addr-spec in its simplest form: a dot-atom, @, a domain name. Source: RFC 5322, 3.4.1; RFC 5321, 4.1.2.

Quoted names, comments, groups, lists, address literals and non-ASCII characters are excluded, because mail programs do
not agree on them.
"""
ADDRESS_LENGTH: Final = 254
LOCAL_LENGTH: Final = 64
"""Source: RFC 5321, 4.5.3.1.1 and its erratum 1690."""

_CONTROL = re.compile(f"[{CONTROL}]")
_CONTROL_BUT_LINES = re.compile(rf"(?![\t\n\r])[{CONTROL}]")
_ADDRESS = re.compile(ADDRESS, re.ASCII)


def one_line(text: str) -> str:
    """`text`, if it is a single line without control characters. Raises ValueError."""
    control = _CONTROL.search(text)
    if control is not None:
        raise ValueError(f"has the control character U+{ord(control[0]):04X}; give one line of plain text")
    return text


def refuse_control(value: object, *, of: str) -> None:
    """Refuse text with control characters other than tabs and line breaks; `of` names the value in the message.

    Raises:
        ValueError: names the value and the character.
    """
    control = _CONTROL_BUT_LINES.search(value) if isinstance(value, str) else None
    if control is not None:
        raise ValueError(f"{of} has the control character U+{ord(control[0]):04X}; give plain text")


def filled_line(text: str) -> str:
    """`text`, if it is a single line without control characters and not blank. Raises ValueError."""
    if not text.strip():
        raise ValueError("is blank; give at least one character other than a space")
    return one_line(text)


def email_address(text: str) -> str:
    """`text` as a stored e-mail address: trimmed, lower case. Raises ValueError.

    Example: `email_address(" Jane@Example.com ") == "jane@example.com"`; `a,b@example.com` is refused.
    """
    address = text.strip(" ").lower()
    too_long = len(address) > ADDRESS_LENGTH or len(address.partition("@")[0]) > LOCAL_LENGTH
    if too_long or not _ADDRESS.fullmatch(address):
        raise ValueError("must be one plain e-mail address, such as name@example.com")
    return address


def require_line(text: str, *, param: str) -> str:
    """As `filled_line`, for values that no request model has validated. Raises InvalidRequest."""
    try:
        return filled_line(text)
    except ValueError as refused:
        raise InvalidRequest(f"{param} {refused}", param=param) from None


def require_text(text: str, *, param: str) -> str:
    """`text` of any number of lines, trimmed, with plain line breaks, for values that no request model has validated.

    Raises:
        InvalidRequest: it has control characters other than tabs and line breaks.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    try:
        refuse_control(plain, of=param)
    except ValueError as refused:
        raise InvalidRequest(str(refused), param=param) from None
    return plain


def require_address(text: str, *, param: str = "email") -> str:
    """As `email_address`, for values that no request model has validated. Raises InvalidRequest."""
    try:
        return email_address(text)
    except ValueError as refused:
        raise InvalidRequest(f"{param} {refused}", param=param) from None
