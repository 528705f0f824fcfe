"""What the console's pages share: their blueprint, what a form asked for, and the links of a list."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, TypeVar, get_origin
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from pydantic import BaseModel, Field, ValidationError
from werkzeug.datastructures import MultiDict

from app import refusals
from app.http import statements
from app.immutable import immutable
from app.pages import browser
from app.paging import After, Span
from app.times import UTC_NAME
from app.views import EARLIEST_YEAR, LATEST_YEAR, Request

ROWS: Final = 50
"""Rows on a page of a list."""

blueprint: Final = Blueprint("console", __name__, url_prefix="/console")

Query = TypeVar("Query", bound=Request)


Day = Annotated[date, Field(ge=date(EARLIEST_YEAR, 1, 1), le=date(LATEST_YEAR, 1, 1))]
"""A day that a form names; in UTC, unless the page says another zone."""


class Listing(Request):
    """A page of a list."""

    starting_after: After = None


class Downloadable(Listing):
    """A list that is shown, or downloaded as CSV from its beginning to its end."""

    csv: bool = False


class FileQuery(Request):
    """The form of a statement that is saved as a file."""

    form: statements.Form = "csv"


class Dated(Listing):
    """A list that can be limited to days."""

    since: Day | None = None
    until: Day | None = None

    @property
    def span(self) -> Span:
        """From the beginning of the first day to the end of the last, in UTC."""
        return self.span_in(UTC_NAME)

    def span_in(self, zone: str) -> Span:
        """As `span`, in a time zone (IANA name)."""
        return Span(
            None if self.since is None else begin_of(self.since, zone),
            None if self.until is None else begin_of(self.until + timedelta(days=1), zone),
        )


@immutable
class Links:
    """Where a list continues.

    Attributes:
        first: its beginning; None on its first page.
        next: its next page; None on its last.
        is_filtered: whether only a part of the rows is listed.
    """

    first: str | None
    next: str | None
    is_filtered: bool


def asked(model: type[Query]) -> Query:
    """What the form in the address asks for; fields left empty are not set. Raises InvalidRequest."""
    return _valid(model, request.args)


def sent(model: type[Query]) -> Query:
    """The fields of the form that was sent; fields left empty are not set. Raises InvalidRequest."""
    return _valid(model, request.form)


def links(rows: Sequence[BaseModel], *, has_more: bool, cursor: str = "id") -> Links:
    """The links of the present page of a list with these rows, which continues after the last row's `cursor`."""
    kept = {name: value for name, value in request.args.items() if value and name != "starting_after"}
    assert request.endpoint is not None
    arguments = {**(request.view_args or {}), **kept}
    return Links(
        first=url_for(request.endpoint, **arguments) if "starting_after" in request.args else None,
        next=url_for(request.endpoint, **arguments, starting_after=getattr(rows[-1], cursor)) if has_more else None,
        is_filtered=bool(kept),
    )


def begin_of(day: date, zone: str = UTC_NAME) -> datetime:
    """The beginning of a day in a time zone (IANA name)."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def _valid(model: type[Query], fields: MultiDict[str, str]) -> Query:
    """A field that is a list takes every value that was sent for it."""
    lists = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is list}
    filled: dict[str, Any] = {
        name: fields.getlist(name) if name in lists else value
        for name, value in fields.items()
        if value and name not in browser.OWN_FIELDS
    }
    try:
        return model.model_validate(filled)
    except ValidationError as invalid:
        raise refusals.of_invalid(invalid, sent=filled) from None
