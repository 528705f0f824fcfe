"""Named placeholders in the texts that merchants write: `{program}`. Pure.

There is no template language: a placeholder is a name in braces, and its value is put in as it is, once. Where a text
becomes a page or the HTML of a mail, the result is escaped there like any other value.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from app.errors import InvalidRequest

SHOWN: Final = 40
"""Characters of a wrong placeholder that the message repeats."""
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_BRACED: Final = re.compile(r"\{+[^{}]*\}+|[{}]+")


def require_known(text: str, known: Iterable[str], *, param: str) -> None:
    """Refuse a text with braces that are not around one of the `known` names.

    Raises:
        InvalidRequest: names the first wrong placeholder, and the known ones.
    """
    names = {f"{{{name}}}" for name in known}
    for found in _BRACED.finditer(text):
        if found[0] not in names:
            listed = ", ".join(sorted(names))
            message = f"{param} has {found[0][:SHOWN]!r}; write braces only around these placeholders: {listed}"
            raise InvalidRequest(message, param=param)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with the values in the places of their names; a name without a value stays as it is.

    A value is never searched for placeholders itself.
    """
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
