"""Locales for amounts, dates and sentences shown to people. Pure."""

from functools import cache
from typing import Final

from babel import Locale

ENGLISH: Final = "en"
GERMAN: Final = "de"
WITHOUT_COUNTRY: Final = {ENGLISH: "en-GB", GERMAN: "de-DE"}
"""The locale used for a language without a country. English readers come from many countries, and fewer of them
misread the day before the month and the 24-hour clock than 11/8/2026, 4:15 PM."""

NO_COUNTRIES: Final = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
"""What Babel lists among countries by codes of two letters: groups of countries, pseudo-languages and "unknown"."""


@cache
def conventions(locale: str) -> Locale:
    """Babel's locale for a language tag such as `en`, `de` or `pt-BR`.

    Raises:
        babel.UnknownLocaleError: the language is unknown.
        ValueError: `locale` is not a language tag.
    """
    return Locale.parse(WITHOUT_COUNTRY.get(locale, locale), sep="-")


def country_name(code: str, locale: str = ENGLISH) -> str:
    """The name of a country by its ISO 3166 code: "Kenya" for `KE`; an unknown code as it is.

    Errors as for `conventions`.
    """
    return str(conventions(locale).territories.get(code, code))


def is_country(code: str) -> bool:
    """Whether `code`, in upper case, is the code of two letters of a country or territory: `KE`, not `XX` or `EU`."""
    return len(code) == len("KE") and code in conventions(ENGLISH).territories and code not in NO_COUNTRIES


for _language in WITHOUT_COUNTRY:
    conventions(_language)  # loaded before a process forks, so that its children share the memory
