"""The styles and scripts of the pages."""

from typing import Final

from flask import Blueprint, Response, send_from_directory

blueprint = Blueprint("pages", __name__)

KEPT_SECONDS: Final = 300
"""How long a browser may keep a file: after an upgrade, old files are gone within minutes."""


@blueprint.get("/static/<name>")
def asset(name: str) -> Response:
    """A style or a script of the pages; 404 for anything else."""
    return send_from_directory("pages/static", name, max_age=KEPT_SECONDS)


@blueprint.get("/static/vendor/<name>")
def vendored(name: str) -> Response:
    """A file of another project, with its licence beside it; 404 for anything else."""
    return send_from_directory("pages/static/vendor", name, max_age=KEPT_SECONDS)
