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
