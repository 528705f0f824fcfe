"""Pages for people: templates of `app/pages`, served under one policy. Values are escaped by the templates."""

from typing import Any, Final

from flask import Response, render_template

from app.http import configured

HTML: Final = "text/html"
HTML_EXTENSION: Final = "x-page"
"""Marks in a route's declaration that it answers a page too, with a description; it is not part of the document."""
POLICY: Final = "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
"""The policy of pages: no inline code or style, and nothing from other hosts."""
HSTS: Final = "max-age=31536000"
"""Browsers use https for this host for a year from now on."""


def page(template: str, *, status: int = 200, policy: str = POLICY, **values: Any) -> Response:
    """The page of `template` with `values`. Browsers do not store it, and other sites cannot frame it.

    Where the public address is https, browsers use https alone from then on.
    """
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    if configured.is_https():
        headers["Strict-Transport-Security"] = HSTS
    return Response(render_template(template, **values), status=status, mimetype=HTML, headers=headers)
