"""Formatting of dates and times for people, in a time zone and a language. Pure."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates

from app import languages

UTC_NAME: Final = "UTC"


def format_time(instant: datetime, zone: str = UTC_NAME, locale: str = languages.ENGLISH) -> str:
    """Date, time and UTC offset, without seconds: "28 November 2026, 17:15 UTC+01:00".

    Args:
        instant: an aware time, which is converted to `zone`.
        zone: the IANA name of the zone to show it in, such as a program's `time_zone`.
        locale: a language tag, `en`, `de` or `pt-BR`.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the time zone is unknown.
        babel.UnknownLocaleError: the language is unknown.
    """
    local, conventions = instant.astimezone(ZoneInfo(zone)), languages.conventions(locale)
    day = dates.format_date(local, "long", conventions)
    clock = dates.format_time(local, "short", local.tzinfo, conventions)
    return str(conventions.datetime_formats["medium"].format(f"{clock} {offset(local)}", day))


def format_for_table(instant: datetime, locale: str = languages.ENGLISH) -> str:
    """Date, time and UTC in short: "28 Nov 2026, 17:15:03 UTC". Errors as for `format_time`."""
    return f"{dates.format_datetime(instant, 'medium', UTC, languages.conventions(locale))} {UTC_NAME}"


def format_day(instant: datetime, zone: str = UTC_NAME, locale: str = languages.ENGLISH) -> str:
    """The date and its UTC offset: "28 November 2026 (UTC)". Arguments and errors as for `format_time`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{dates.format_date(local, 'long', languages.conventions(locale))} ({offset(local)})"


def format_month(day: date, locale: str = languages.ENGLISH) -> str:
    """The month of a day: "October 2026". Errors as for `format_time`."""
    return str(dates.format_skeleton("yMMMM", day, locale=languages.conventions(locale)))


def offset(local: datetime) -> str:
    """The UTC offset: `UTC`, `UTC+05:30`."""
    return UTC_NAME if local.utcoffset() == timedelta(0) else f"{UTC_NAME}{dates.get_timezone_gmt(local, 'iso8601')}"
