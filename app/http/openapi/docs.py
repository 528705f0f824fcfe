"""Routes of the OpenAPI document (/openapi.json) and its page (/docs), which loads nothing from other servers."""

import gzip
import threading
from importlib.resources import files
from pathlib import Path
from typing import Final, cast

from flask import Blueprint, Response, current_app, send_from_directory
from flask_openapi3 import OpenAPI

from app.http import html
from app.http.openapi.document import complete

blueprint = Blueprint("docs", __name__)

ASSETS: Final = Path(str(files("flask_openapi3_swagger") / "templates" / "swagger"))
"""The files of Swagger UI in its package."""
POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
"""The policy of the page: Swagger UI writes inline styles and has images of its own."""

_making = threading.Lock()


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI 3.1 document of all surfaces."""
    return Response(gzip.decompress(_compressed()), mimetype="application/json")


@blueprint.get("/docs")
def page() -> Response:
    """A page to read the document and to try requests."""
    return html.page("api.html", policy=POLICY)


@blueprint.get("/docs/<path:name>")
def asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(ASSETS, name, max_age=86_400)


def _compressed() -> bytes:
    """The document as compressed JSON, made once. It takes 30 KB: uncompressed 460 KB, as objects 7 MB."""
    with _making:
        if "accrual_document" not in current_app.extensions:
            text = current_app.json.dumps(complete(cast(OpenAPI, current_app)))
            current_app.extensions["accrual_document"] = gzip.compress(text.encode())
        kept: bytes = current_app.extensions["accrual_document"]
        return kept
