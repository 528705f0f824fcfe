"""Text in the characters that every bank of the SEPA takes. Pure.

Source: European Payments Council, EPC217-08, SEPA requirements for an extended character set: Latin letters, digits,
space and / - ? : ( ) . , ' +; no field begins or ends with a slash or has two of them.
"""

import re
from typing import Final

LONGEST_NAME: Final = 70
LONGEST_TOWN: Final = 35
LONGEST_STREET: Final = 70
LONGEST_POSTAL_CODE: Final = 16

_OTHER: Final = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")
_SPACES: Final = re.compile(r" {2,}")
_SLASHES: Final = re.compile(r"/{2,}")


def clean(text: str, longest: int) -> str:
    """`text` in those characters and at most so long; letters of other alphabets are transcribed.

    Example: `clean("Zoë 😀 & Łukasz", 70) == "Zoe Lukasz"`; nothing usable gives "".
    """
    from text_unidecode import unidecode  # noqa: PLC0415  (its table takes 5 MB, and most processes never need it)

    latin = _SLASHES.sub("/", _OTHER.sub(" ", unidecode(text)))
    return _SPACES.sub(" ", latin).strip(" /")[:longest].rstrip(" /")
