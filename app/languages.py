"""Languages in which amounts, dates and sentences are written for people. Pure."""

from functools import cache
from typing import Final

from babel import Locale

ENGLISH: Final = "en"
WITHOUT_COUNTRY: Final = {ENGLISH: "en-GB"}
"""Whose conventions a language follows where no country is named. English readers here come from many countries: the
day before the month and the clock of 24 hours are misread by fewer of them than 11/8/2026, 4:15 PM."""


@cache
def conventions(locale: str) -> Locale:
    """How numbers and dates are written in `locale`, a language tag such as `en`, `de` or `pt-BR`.

    Raises:
        babel.UnknownLocaleError: no such language is known.
        ValueError: `locale` is not a language tag.
    """
    return Locale.parse(WITHOUT_COUNTRY.get(locale, locale), sep="-")


conventions(ENGLISH)  # read before a process forks, so that all share it
