"""What several forms have: fields, and what people write into them as the values that commands take."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app import money
from app.errors import Conflict, InvalidRequest
from app.views import OneLine, check_year

Word = Annotated[str, Field(max_length=200), OneLine(filled=True)]
"""A name of something."""
Line = Annotated[str, Field(max_length=200), OneLine()]
"""As `Word`, and may be empty: a description."""
Reason = Annotated[str, Field(min_length=1, max_length=500), OneLine(filled=True)]
"""Why a person decides something; stored permanently."""
OptionalReason = Annotated[str, Field(max_length=500), OneLine()]
"""As `Reason`, and may be empty."""


def _in_utc(moment: datetime) -> datetime:
    return check_year(moment.replace(tzinfo=moment.tzinfo or UTC))


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time as browsers send it, without a zone: the form says that it is in UTC."""


def minor_of(text: str, currency: str, field: str) -> int:
    """An amount above zero in the currency's smallest unit. Raises InvalidRequest."""
    amount = money.minor_of(text, currency)
    if amount is None or amount <= 0:
        expected = f"an amount of {currency.upper()}, such as {money.format_number(5000, currency)}"
        raise InvalidRequest(f"{field} {text!r} is not {expected}", param=field)
    return amount


def words_of(lines: str) -> list[str]:
    """The entries of a list, one on each line, with single spaces: patterns take quadratic time or worse on many."""
    return [" ".join(line.split()) for line in lines.splitlines() if line.strip()]


def entries_of(lines: str, field: str, pattern: re.Pattern[str], example: str) -> list[re.Match[str]]:
    """The entries of a list, each as `pattern` finds it. Raises InvalidRequest, which names a field and an example."""
    found = []
    for line in words_of(lines):
        entry = pattern.fullmatch(line)
        if entry is None:
            raise InvalidRequest(f"{field} has the line {line[:60]!r}; write lines such as {example}", param=field)
        found.append(entry)
    return found


def require_no_more(done: int, shown: int | None) -> None:
    """Refuse what a form did to more than its page showed, so that it is rolled back: something came in between.

    Raises:
        Conflict: `page_stale`.
    """
    if shown is not None and done > shown:
        message = f"the page showed {shown}, and now it would be {done}, so nothing was done; check the page again"
        raise Conflict(message, code="page_stale")
