"""Pseudonyms: random names instead of a person's ids and marks, the same wherever they are compared.

What is found by comparing two of them is found as before; nothing leads from them to the person.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Final

RANDOM_BYTES: Final = 16
"""As many as the mark of an address has."""


def of(names: Iterable[str]) -> Mapping[str, str]:
    """A new pseudonym for each of these names."""
    return {name: secrets.token_urlsafe(RANDOM_BYTES) for name in sorted(set(names) - {""})}
