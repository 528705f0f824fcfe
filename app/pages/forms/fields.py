"""Fields that several forms have."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.errors import Conflict
from app.views import OneLine, check_year

Reason = Annotated[str, Field(min_length=1, max_length=500), OneLine(filled=True)]
"""Why a person decides something; stored permanently."""


def _in_utc(moment: datetime) -> datetime:
    return check_year(moment.replace(tzinfo=moment.tzinfo or UTC))


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time as browsers send it, without a zone: the form says that it is in UTC."""


def require_no_more(done: int, shown: int | None) -> None:
    """Refuse what a form did to more than its page showed, so that it is rolled back: something came in between.

    Raises:
        Conflict: `page_stale`.
    """
    if shown is not None and done > shown:
        message = f"the page showed {shown}, and now it would be {done}, so nothing was done; check the page again"
        raise Conflict(message, code="page_stale")
