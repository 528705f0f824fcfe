"""Lists as `text/csv`: all pages of a list in one response, sent while they are read.

Each page is read in a transaction of its own, narrowed as that of the request, so that a slow client keeps no
transaction open. An error after the first bytes ends the response without its end: HTTP/1.1 marks the end of a body, so
a client sees that this one is incomplete. HTTP/1.0 does not; there the list is collected first and sent with its
length.
"""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from operator import attrgetter
from typing import Any, Final, TypeVar

from flask import Response, current_app, g, request, stream_with_context
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.wsgi import FileWrapper

from app import csv_text
from app.config import Settings
from app.errors import InvalidRequest, Unavailable
from app.http import bodies, errors, surfaces
from app.organizations import access
from app.organizations.permissions import Caller
from app.paging import Page
from app.sentences import catalogue
from app.sentences.catalogue import Catalogue
from app.views import Request

CSV: Final = "text/csv"
JSON: Final = "application/json"
EXTENSION: Final = "x-csv-columns"
"""Marks in a route's declaration that it answers CSV too; it is not part of the document."""
ROWS_AT_ONCE: Final = 500
PAGE_SIZES: Final = ("limit", "per_page")
"""How the queries of lists call the number of rows on a page."""
INCOMPLETE: Final = "This list is incomplete: an error ended it here. Request it again."
"""The last line of a list that failed, for a proxy that hides how the response ended."""

Query = TypeVar("Query", bound=Request)
View = TypeVar("View", bound=BaseModel)
Row = TypeVar("Row")
Load = Callable[[Session, Query], Page[Row]]
"""Loads the page of a list that a query asks for."""
Render = Callable[[Session, Sequence[Row]], Sequence[View]]
"""Makes the views of rows, in the same order."""
Opened = Callable[[Caller], AbstractContextManager[Session]]
"""Opens a transaction that sees what the caller may see."""


_id: Callable[[BaseModel], str] = attrgetter("id")


class Interrupted(Exception):
    """A list or a file failed after a part of it was sent; what failed is logged."""


def slots(settings: Settings) -> threading.BoundedSemaphore:
    """How many lists a process sends at a time: half its threads, so that the others serve short requests."""
    return threading.BoundedSemaphore(max(1, settings.web_threads // 2))


def documented(view: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extensions` of a route that also answers CSV with rows of `view`."""
    return {EXTENSION: csv_text.lines([csv_text.columns(view)])}


def respond(
    query: Query,
    view: type[View],
    load: Load[Query, Row],
    render: Render[Row, View],
    show: Callable[[Session, Page[Row], Sequence[View]], BaseModel],
    opened: Opened | None = None,
) -> Response:
    """A list as the client prefers it by `Accept`: a page as JSON, or all pages as CSV.

    Args:
        query: the filter and the page.
        view: the model of the views, from which the columns are made.
        load: loads the rows of one page.
        render: makes their views.
        show: the view of a page; it may read what belongs to all pages, such as their total.
        opened: opens a transaction for a page; None: as owner, by `access.transaction`.

    Raises:
        InvalidRequest: CSV is asked for, and the query has a page number.
        Unavailable: CSV is asked for, and this process is sending as many lists as it may.
    """
    if is_requested():
        return stream(query, view, load, render, opened)
    with (opened or access.transaction)(g.caller) as session:
        page = load(session, query)
        return surfaces.ViewResponse(show(session, page, render(session, page.rows)))


def is_requested() -> bool:
    """Whether the client prefers CSV to JSON, by its `Accept` header."""
    return request.accept_mimetypes.best_match([JSON, CSV]) == CSV


def stream(
    query: Query,
    view: type[View],
    load: Load[Query, Row],
    render: Render[Row, View],
    opened: Opened | None = None,
    *,
    language: Catalogue | None = None,
) -> Response:
    """All rows of a list as CSV, from `starting_after` on; the page size of the query has no effect.

    Arguments and errors as of `respond`; for a list whose JSON has no pages. The query needs `starting_after`, and
    `limit` or `per_page`. `language` is that of its sentences; None: what the request asks for.
    """
    if getattr(query, "page", 1) != 1:
        raise InvalidRequest("do not send page for text/csv, which has all pages", param="page")
    spoken = language or bodies.requested_language()
    sizes: dict[str, Any] = {name: ROWS_AT_ONCE for name in PAGE_SIZES if name in type(query).model_fields}

    def read(after: dict[str, str]) -> Page[View]:
        with catalogue.using(spoken), (opened or access.transaction)(g.caller) as session:
            page = load(session, query.model_copy(update={**sizes, **after}))
            return Page(render(session, page.rows), page.has_more, page.cursor)

    with ExitStack() as resources:
        take_slot(resources)
        response = _response(_parts(read, view), resources)
        response.call_on_close(resources.pop_all().close)
        return response


def take_slot(resources: ExitStack) -> None:
    """Count a response that may take long until `resources` are closed.

    Raises:
        Unavailable: this process is sending as many as it may.
    """
    free: threading.BoundedSemaphore = current_app.extensions["accrual_csv_slots"]
    if not free.acquire(blocking=False):
        raise Unavailable("This server is busy with lists, files and checks; try again in a few seconds.")
    resources.callback(free.release)


def _parts(read: Callable[[dict[str, str]], Page[View]], view: type[View]) -> Iterator[bytes]:
    """The header with the first page, then each further page."""
    page = read({})
    yield csv_text.lines([csv_text.columns(view), *map(csv_text.cells, page.rows)]).encode()
    while page.has_more:
        page = read({"starting_after": page.cursor or _id(page.rows[-1])})
        yield csv_text.lines(map(csv_text.cells, page.rows)).encode()


def _response(parts: Iterator[bytes], resources: ExitStack) -> Response:
    """The response with `parts`; the first is made now, so that an error there has its usual response."""
    first = next(parts)
    name = request.path.rpartition("/")[2]
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    if request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
        body: Iterable[bytes] = stream_with_context(_sent(first, parts))
    else:
        collected = resources.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (closed with the response)
        collected.writelines([first])
        collected.writelines(parts)
        headers["Content-Length"] = str(collected.tell())
        collected.seek(0)
        body = FileWrapper(collected)
    return Response(body, mimetype=CSV, headers=headers)


def _sent(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield first
        yield from parts
    except Exception as failure:  # noqa: BLE001  (any failure is logged and ends the list)
        errors.log_failure(failure)
        yield csv_text.lines([[INCOMPLETE]]).encode()
        raise Interrupted from None
