"""Routes of the OpenAPI document (/openapi.json) and its page (/docs), which loads nothing from other servers."""

from importlib.resources import files
from pathlib import Path
from typing import Final, cast

from flask import Blueprint, Response, current_app, jsonify, send_from_directory
from flask_openapi3 import OpenAPI

from app.http.document import complete

blueprint = Blueprint("docs", __name__)

ASSETS: Final = Path(str(files("flask_openapi3_swagger") / "templates" / "swagger"))
"""The files of Swagger UI in its package."""
POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Accrual API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/css/swagger-ui.css">
<div id="api"></div>
<script src="/docs/js/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
# Without `validatorUrl: null` the page would send its address to a server of Swagger.
START: Final = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI 3.1 document of all surfaces."""
    return jsonify(complete(cast(OpenAPI, current_app)))


@blueprint.get("/docs")
def page() -> Response:
    """A page to read the document and to try requests."""
    return Response(PAGE, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


@blueprint.get("/docs/start.js")
def start() -> Response:
    """The page's start script; a separate file, because the page's policy forbids inline scripts."""
    return Response(START, mimetype="text/javascript")


@blueprint.get("/docs/<path:name>")
def asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(ASSETS, name, max_age=86_400)
