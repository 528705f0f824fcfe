"""Dates as the tools write them: ISO 8601, "Aug 19, 2020", "19 August 2020 16:28", "08/19/2020". Pure.

A time without a zone is UTC. A date whose order of day and month cannot be known is refused, unless it was given.
"""

import re
from datetime import UTC, datetime
from typing import Final, Literal

from app.transfer.imports.reading.refusals import RowRefused

DayOrder = Literal["day-first", "month-first"]
EARLIEST_YEAR: Final = 1990
LATEST_YEAR: Final = 2200

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
MONTHS: Final = {
    name: number
    for number, month in enumerate(_MONTHS, start=1)
    for name in (month, month[:3], f"{month[:3]}.", month[:4] if month == "september" else month)
}
"""The month of each English name and short form, in lower case."""

_ORDINAL: Final = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)
_WEEKDAY: Final = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +", re.IGNORECASE)
_CLOCK: Final = re.compile(
    r"(?:,? +at|,|T)? *\b(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? *(am|pm)? *"
    r"(Z|UTC|GMT|\(UTC\)|[+-]\d{2}:?\d{2}|UTC[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_NUMBERS: Final = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")
_NAMED: Final = re.compile(r"(?:(\d{1,2})[ -])?([A-Za-z]{3,9}\.?)[ -](?:(\d{1,2}),?[ -])?(\d{4})")


def parse(text: str, field: str, order: DayOrder | None = None) -> datetime:
    """The time that `text` names, in UTC; a date without a time is its first moment.

    Args:
        text: as the file has it.
        field: what it is, for the refusal.
        order: whether `03/04/2020` begins with the day or with the month; None: not known.

    Raises:
        RowRefused: `date_invalid`, or `date_ambiguous`: the order of day and month is not known.
    """
    iso = _iso(text)
    if iso is not None:
        return _checked(iso, text, field)
    rest = _ORDINAL.sub("", _WEEKDAY.sub("", text.strip()))
    clock = _CLOCK.search(rest)
    day = rest[: clock.start()].strip(" ,") if clock else rest
    year, month, date = _calendar(day, text, field, order)
    hour, minute, second, zone = _time_of_day(clock, text, field)
    try:
        found = datetime.fromisoformat(f"{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}{zone}")
    except ValueError:
        raise RowRefused("date_invalid", field, text) from None
    return _checked(found, text, field)


def _iso(text: str) -> datetime | None:
    """An ISO 8601 date or time, also with a space and the word UTC: `2020-08-19 16:28:31 UTC`."""
    plain = re.sub(r" ?(UTC|GMT)$", "Z", text.strip(), flags=re.IGNORECASE)
    plain = re.sub(r" ([+-]\d{2}:?\d{2})$", r"\1", plain)
    if not re.match(r"\d{4}-\d{2}-\d{2}(?![\d/.-])", plain):
        return None
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return None


def _calendar(day: str, text: str, field: str, order: DayOrder | None) -> tuple[int, int, int]:
    named = _NAMED.fullmatch(day)
    if named is not None:
        month, date = MONTHS.get(named[2].lower()), named[1] or named[3]
        if month is None or date is None or (named[1] and named[3]):
            raise RowRefused("date_invalid", field, text)
        return int(named[4]), month, int(date)
    numbers = _NUMBERS.fullmatch(day)
    if numbers is None:
        raise RowRefused("date_invalid", field, text)
    first, second, last = numbers[1], int(numbers[3]), numbers[4]
    if len(first) == 4:
        return int(first), second, int(last)
    if len(last) != 4 or len(first) > 2:
        raise RowRefused("date_invalid", field, text)
    month, date = _month_and_day(int(first), second, order, text, field)
    return int(last), month, date


def _month_and_day(first: int, second: int, order: DayOrder | None, text: str, field: str) -> tuple[int, int]:
    """Month and day of two numbers: by the given order, else because one of them is no month."""
    if order is None and first != second and first <= 12 and second <= 12:
        raise RowRefused("date_ambiguous", field, text)
    is_day_first = order == "day-first" or (order is None and first > 12)
    return (second, first) if is_day_first else (first, second)


def _time_of_day(clock: re.Match[str] | None, text: str, field: str) -> tuple[int, int, int, str]:
    if clock is None:
        return 0, 0, 0, "+00:00"
    hour, half = int(clock[1]), (clock[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise RowRefused("date_invalid", field, text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    zone = re.sub(r"[^\d+:-]", "", clock[5] or "") or "+00:00"
    return hour, int(clock[2]), int(clock[3] or 0), zone


def _checked(found: datetime, text: str, field: str) -> datetime:
    if not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise RowRefused("date_invalid", field, text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
