"""Pagination of lists, newest first: by page number, or after an id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar, TypeVarTuple
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import ids
from app.errors import LONGEST_SHOWN, InvalidRequest
from app.immutable import immutable
from app.views import Moment, Request

Columns = TypeVarTuple("Columns")
Row = TypeVar("Row")

LAST_PAGE = 1_000_000

PageNumber = Annotated[int, Field(ge=1, le=LAST_PAGE, description="Counted from 1; a page past the end is empty.")]
After = Annotated[
    str | None,
    Field(description="The id of the last row you have; the list continues after it, even if rows were added since."),
]
HasMore = Annotated[
    bool, Field(description="Whether older rows follow; request them with the last id as starting_after.")
]


@immutable
class Span:
    """A period: from `since` (inclusive) to `until` (exclusive); None: no limit on that side."""

    since: datetime | None = None
    until: datetime | None = None


EVER: Final = Span()


class Between(Request):
    """A list that can be limited to a period."""

    since: Moment | None = Field(default=None, description="At this time or later; ISO 8601 with a zone.")
    until: Moment | None = Field(default=None, description="Before this time; ISO 8601 with a zone.")

    @property
    def span(self) -> Span:
        """The period of the request."""
        return Span(self.since, self.until)


@immutable
class Page(Generic[Row]):
    """A page of a list, and whether more rows follow.

    `cursor` is the id after which the next page starts, where that is not the id of the last row.
    """

    rows: Sequence[Row]
    has_more: bool
    cursor: str | None = None

    @classmethod
    def of(cls, rows: Sequence[Row], limit: int) -> "Page[Row]":
        """The page of the rows `rows`, which were selected with one row more than `limit`."""
        return cls(rows[:limit], has_more=len(rows) > limit)


class Numbered(Request):
    """A list that is read by page number or after an id, not both."""

    page: PageNumber = 1
    starting_after: After = None


def owned_by(
    column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], organization_ids: Sequence[UUID]
) -> ColumnElement[bool]:
    """SQL condition: the row belongs to one of these organizations.

    A single organization, the usual case, is compared by `=`, so that an index on (organization, id) gives the order.
    """
    if len(organization_ids) == 1:
        return column == organization_ids[0]
    return column.in_(organization_ids)


def cut(
    statement: Select[*Columns],
    key: InstrumentedAttribute[UUID],
    *prefixes: str,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
) -> Select[*Columns]:
    """`statement` sorted newest first and limited to a page and one row more, for `Page.of`.

    Args:
        statement: selects the whole list.
        key: the UUIDv7 column that sorts it.
        prefixes: the prefixes that the id `starting_after` may have.
        limit: rows on a page.
        page: the first is 1.
        starting_after: a public id; the page begins after this row.

    Raises:
        InvalidRequest: `starting_after` is not such an id, or is sent with a page number.
    """
    statement = statement.order_by(key.desc()).limit(limit + 1)
    if starting_after is None:
        return statement.offset((page - 1) * limit)
    refuse_both(page, starting_after)
    last_seen = ids.decode(starting_after, *prefixes)
    if last_seen is None:
        raise no_row(starting_after)
    return statement.where(key < last_seen)


def load_page(
    session: Session,
    statement: Select[Row],
    key: InstrumentedAttribute[UUID],
    *prefixes: str,
    limit: int,
    page: int = 1,
    starting_after: str | None = None,
) -> Page[Row]:
    """A page of the list that `statement` selects; arguments and errors as of `cut`."""
    shown = cut(statement, key, *prefixes, limit=limit, page=page, starting_after=starting_after)
    return Page.of(session.scalars(shown).all(), limit)


def within(statement: Select[*Columns], column: InstrumentedAttribute[datetime], span: Span) -> Select[*Columns]:
    """`statement` limited to rows whose `column` is within `span`."""
    if span.since is not None:
        statement = statement.where(column >= span.since)
    if span.until is not None:
        statement = statement.where(column < span.until)
    return statement


def no_row(starting_after: str) -> InvalidRequest:
    """The error for a `starting_after` that is not the id of a row of the list."""
    shown = starting_after[:LONGEST_SHOWN]
    return InvalidRequest(
        f"starting_after {shown!r} is not the id of a row of this list; send the id of the last row you have",
        param="starting_after",
    )


def refuse_both(page: int, starting_after: str | None) -> None:
    """Refuse a page number together with `starting_after`. Raises InvalidRequest."""
    if starting_after is not None and page != 1:
        raise InvalidRequest("send page or starting_after, not both", param="starting_after")
