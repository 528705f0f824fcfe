"""Lists: newest first, by page number or from an id on."""

from collections.abc import Sequence
from typing import Annotated, TypeVarTuple
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute

from app import ids
from app.api.shapes import Request
from app.errors import InvalidRequest

Columns = TypeVarTuple("Columns")

LAST_PAGE = 1_000_000

PageNumber = Annotated[int, Field(ge=1, le=LAST_PAGE, description="Counted from 1; a page past the end is empty.")]
After = Annotated[
    str | None,
    Field(description="The id of the last row seen: the list goes on after it, whatever was added meanwhile."),
]


class Numbered(Request):
    """A list that can be asked for by page number or from an id on, not both."""

    page: PageNumber = 1
    starting_after: After = None


def owned_by(column: InstrumentedAttribute[UUID], organization_ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Whether a row is one of these organizations'.

    A single one, the usual case, is compared by `=`, so that an index on (organization, id) also gives the order.
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
    """`statement` newest first, cut to the page asked for.

    Args:
        statement: the whole list.
        key: the UUIDv7 that orders it.
        prefixes: those of the ids that `starting_after` may be.
        limit: rows a page.
        page: counted from 1.
        starting_after: a public id; only rows older than it come.

    Raises:
        InvalidRequest: `starting_after` is no such id, or stands beside a page number.
    """
    statement = statement.order_by(key.desc()).limit(limit)
    if starting_after is None:
        return statement.offset((page - 1) * limit)
    refuse_both(page, starting_after)
    last_seen = ids.decode(starting_after, *prefixes)
    if last_seen is None:
        raise InvalidRequest("starting_after must be the id of a row of this list", param="starting_after")
    return statement.where(key < last_seen)


def refuse_both(page: int, starting_after: str | None) -> None:
    """Refuse a page number beside `starting_after`, since one of them would be ignored."""
    if starting_after is not None and page != 1:
        raise InvalidRequest("give page or starting_after, not both", param="starting_after")
