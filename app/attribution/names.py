"""How a partner's name is written where customers and merchants write it."""

from typing import Final

ABSENT: Final = frozenset({"", "null", "undefined"})
"""What a browser sends where it has nothing to say."""
LONGEST: Final = 500
"""What Stripe allows a metadata value, in characters."""
SEPARATOR: Final = "--"
"""Between code and session in a client reference; a code never holds it."""


def fold(value: object) -> str:
    """A name as it is compared: trimmed, lower-case; "" for anything that names no partner."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return ""
    sayable = value.replace("\0", "?").encode("utf-8", "replace").decode()  # Postgres holds neither NUL nor half a pair
    folded = sayable.strip().lower()
    return "" if folded in ABSENT else folded


def split_reference(reference: object) -> tuple[str, str]:
    """Code and session of a `client_reference_id`: `"jane--s1"` is `("jane", "s1")`, `"jane"` is `("jane", "")`."""
    code, _, session_id = fold(reference).partition(SEPARATOR)
    return fold(code), fold(session_id)
