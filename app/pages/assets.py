"""The styles and scripts of the pages, and what the brands of programs add to them."""

from typing import Final

from flask import Blueprint, Response, send_from_directory

from app import db
from app.branding import files
from app.http import throttle

blueprint = Blueprint("pages", __name__)

KEPT_SECONDS: Final = 300
"""How long a browser may keep a file: after an upgrade, old files are gone within minutes."""
FOREVER: Final = "public, max-age=31536000, immutable"
BRAND_POLICY: Final = "default-src 'none'; sandbox"
"""For who opens a logo by itself: nothing in it is executed."""
BRANDS_PER_MINUTE: Final = 600
"""Files of brands that one address may load; a mail provider loads them for many people."""


@blueprint.get("/static/<name>")
def asset(name: str) -> Response:
    """A style or a script of the pages; 404 for anything else."""
    return send_from_directory("pages/static", name, max_age=KEPT_SECONDS)


@blueprint.get("/static/vendor/<name>")
def vendored(name: str) -> Response:
    """A file of another project, with its licence beside it; 404 for anything else."""
    return send_from_directory("pages/static/vendor", name, max_age=KEPT_SECONDS)


@blueprint.get("/brand/<program_id>/<name>")
def brand_file(program_id: str, name: str) -> Response:
    """The logo of a program's brand (`3.png`), or the styles with its colour (`3.css`), by the brand's version.

    A former version, as in a mail of last year, leads to what the brand has now, which browsers keep for minutes only.
    """
    throttle.count_public("brand", per_minute=BRANDS_PER_MINUTE)
    version, _, extension = name.partition(".")
    with db.web_transaction() as session:
        file = files.load(session, program_id, extension)
    kept = FOREVER if version == str(file.version) else f"public, max-age={KEPT_SECONDS}"
    headers = {"Cache-Control": kept, "Content-Security-Policy": BRAND_POLICY}
    return Response(file.content, content_type=file.media_type, headers=headers)
