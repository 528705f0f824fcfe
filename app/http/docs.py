"""Routes of the OpenAPI document (/openapi.json) and its page (/docs), which loads nothing from other servers."""

from importlib.resources import files
from pathlib import Path
from typing import Final, cast

from flask import Blueprint, Response, current_app, jsonify, send_from_directory
from flask_openapi3 import OpenAPI

from app.http import html
from app.http.document import complete

blueprint = Blueprint("docs", __name__)

ASSETS: Final = Path(str(files("flask_openapi3_swagger") / "templates" / "swagger"))
"""The files of Swagger UI in its package."""
POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
"""That of `html.page`, but for the inline styles that Swagger UI writes."""


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI 3.1 document of all surfaces."""
    return jsonify(complete(cast(OpenAPI, current_app)))


@blueprint.get("/docs")
def page() -> Response:
    """A page to read the document and to try requests."""
    return html.page("api.html", policy=POLICY)


@blueprint.get("/docs/<path:name>")
def asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(ASSETS, name, max_age=86_400)
