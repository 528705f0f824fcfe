"""A sentence from its code and its values: amounts as money, dates with their zone, in the language in use. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from app import languages, money, times
from app.immutable import immutable
from app.sentences import catalogue
from app.times import UTC_NAME


@immutable
class Money:
    """An amount in minor units, shown as `9.80 USD`; a debit or credit is shown with its sign."""

    minor: int
    currency: str
    is_signed: bool = False


@immutable
class Number:
    """An amount in minor units, shown without its currency, where the next amount names it: `24.50`."""

    minor: int
    currency: str


@immutable
class Rate:
    """Basis points, shown as `20.5 %`."""

    bps: int


@immutable
class Day:
    """The day of a moment in a time zone (IANA name), shown with the zone: `28 November 2026 (UTC)`."""

    moment: datetime
    zone: str = UTC_NAME


@immutable
class Month:
    """The month of a day: `October 2026`."""

    day: date


@immutable
class Minute:
    """A moment in a time zone (IANA name), to the minute, shown with the zone: `28 November 2026, 16:20 UTC`."""

    moment: datetime
    zone: str = UTC_NAME


@immutable
class Country:
    """An ISO 3166 code in upper case, shown as the country's name; an unknown code as it is."""

    code: str


Value = Money | Number | Rate | Day | Month | Minute | Country | str | int


def say(code: str, /, **values: Value) -> str:
    """The sentence `code` of the catalogue with `values` in its placeholders.

    A value named `count` chooses the form of the plural. Example: `say("problem.stripe_failed", status=503)`.

    Raises:
        LookupError: there is no such sentence.
        KeyError: the sentence has a placeholder without a value.
    """
    count = values.get("count")
    in_use = catalogue.current()
    template = in_use.template(code, count if isinstance(count, int) else None)
    return template.format_map({name: show(value, in_use.language) for name, value in values.items()})


def say_stored(family: str, code: str | None, /, **values: Value) -> str:
    """As `say(f"{family}.{code}")` for a code from the database: "unknown" where there is none.

    A code that no sentence has, because a later version stored it, is shown as it is.
    """
    if code is None:
        return say("format.unknown")
    try:
        return say(f"{family}.{code}", **values)
    except LookupError:
        return code


def listed(parts: Iterable[str]) -> str:
    """Parts one after the other, as a list within a sentence."""
    return say("format.separator").join(parts)


def shown(values: Mapping[str, Value]) -> dict[str, str]:
    """Values in the format of the language in use, by their names."""
    language = catalogue.current().language
    return {name: show(value, language) for name, value in values.items()}


def show(value: Value, language: str) -> str:
    """A value in the format of `language`."""
    match value:
        case Money():
            sign = "+" if value.is_signed and value.minor > 0 else ""
            return f"{sign}{money.format_money(value.minor, value.currency, language)}"
        case Number():
            return money.format_number(value.minor, value.currency, language)
        case Rate():
            return money.format_rate(value.bps, language)
        case Day():
            return times.format_day(value.moment, value.zone, language)
        case Month():
            return times.format_month(value.day, language)
        case Minute():
            return times.format_time(value.moment, value.zone, language)
        case Country():
            return languages.country_name(value.code, language)
        case _:
            return str(value)
