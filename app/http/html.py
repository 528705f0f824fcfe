"""Pages for people: templates of `app/pages`, all served under one policy. Values are escaped by the templates."""

from typing import Any, Final

from flask import Response, render_template

POLICY: Final = "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
"""No page has code or style inside it; both are files of our own, and nothing is loaded from other hosts."""


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    """The page that `template` makes of `values`, which no browser keeps and no other site frames."""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Response(render_template(template, **values), status=status, mimetype="text/html", headers=headers)
