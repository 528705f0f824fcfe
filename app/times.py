"""Dates and times as people read them, in a time zone and a language. Pure."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates

from app import languages

UTC_NAME: Final = "UTC"


def format_time(instant: datetime, zone: str = UTC_NAME, locale: str = languages.ENGLISH) -> str:
    """Date, time and distance from UTC, without seconds: "28 November 2026, 17:15 UTC+01:00".

    Args:
        instant: a time with its zone; it is converted.
        zone: the IANA name of the zone to show it in, such as a program's `time_zone`.
        locale: a language tag, `en`, `de` or `pt-BR`.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: no such time zone is known.
        babel.UnknownLocaleError: no such language is known.
    """
    local, conventions = instant.astimezone(ZoneInfo(zone)), languages.conventions(locale)
    day = dates.format_date(local, "long", conventions)
    clock = dates.format_time(local, "short", local.tzinfo, conventions)
    return str(conventions.datetime_formats["medium"].format(f"{clock} {_offset(local)}", day))


def format_day(instant: datetime, zone: str = UTC_NAME, locale: str = languages.ENGLISH) -> str:
    """The date and its distance from UTC: "28 November 2026 (UTC)". Arguments and errors as `format_time`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{dates.format_date(local, 'long', languages.conventions(locale))} ({_offset(local)})"


def _offset(local: datetime) -> str:
    """How far the clock is from UTC: `UTC`, `UTC+05:30`."""
    return UTC_NAME if local.utcoffset() == timedelta(0) else f"{UTC_NAME}{dates.get_timezone_gmt(local, 'iso8601')}"
