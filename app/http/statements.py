"""A statement as JSON, CSV or a page, as the client prefers."""

import base64
import hashlib
from typing import Any, Final, Literal

from flask import Response, render_template, request

from app.http.csv_lists import CSV, EXTENSION, JSON
from app.http.html import HTML, HTML_EXTENSION, POLICY, page
from app.http.surfaces import ViewResponse
from app.statements import documents
from app.statements.documents import Heading
from app.statements.views import StatementBody

Form = Literal["json", "csv", "html"]


DOCUMENTED: Final[dict[str, Any]] = {EXTENSION: documents.csv_header(), HTML_EXTENSION: "A page that can be printed."}
"""The `openapi_extensions` of a route that answers with `respond`."""


def respond(statement: StatementBody, heading: Heading) -> Response:
    """The statement in the type that `Accept` prefers; JSON if it names none of them."""
    match request.accept_mimetypes.best_match([JSON, CSV, HTML]):
        case "text/csv":
            return as_file(statement, heading, "csv")
        case "text/html":
            return _page(statement, heading)
        case _:
            return ViewResponse(statement)


def as_file(statement: StatementBody, heading: Heading, form: Form) -> Response:
    """The statement as a file to save: JSON, CSV, or a page that can be printed."""
    match form:
        case "csv":
            response = Response(documents.as_csv(statement), mimetype=CSV)
        case "html":
            response = _page(statement, heading)
        case "json":
            response = ViewResponse(statement)
    name = f"{statement.id or 'preview'}-{statement.month}-{statement.currency}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(statement: StatementBody, heading: Heading) -> Response:
    return page("statements/statement.html", policy=_policy(), **documents.as_text(statement, heading))


def _policy() -> str:
    """The policy of pages, and the style in this one: clients save it as a file, which has nothing beside it."""
    style = render_template("statements/statement.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"{POLICY}; style-src 'sha256-{digest}'"
