"""Parsing of partners' names as merchants and customers write them."""

from typing import Final

ABSENT: Final = frozenset({"", "null", "undefined"})
"""Words that scripts send for a missing value."""
LONGEST: Final = 500
"""The maximum length of a metadata value at Stripe, in characters."""
SEPARATOR: Final = "--"
"""Separates code and session in a client reference; a code never contains it."""


def fold(value: object) -> str:
    """A name as it is compared: trimmed, lower case; "" for a value that is no name."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return ""
    # Postgres cannot store NUL or half of a surrogate pair.
    storable = value.replace("\0", "?").encode("utf-8", "replace").decode()
    folded = storable.strip().lower()
    return "" if folded in ABSENT else folded


def split_reference(reference: object) -> tuple[str, str]:
    """Code and session of a `client_reference_id`: `"jane--s1"` is `("jane", "s1")`, `"jane"` is `("jane", "")`."""
    code, _, session_id = fold(reference).partition(SEPARATOR)
    return fold(code), fold(session_id)
