"""The pages that mailed links lead to: joining by an invitation, and confirming an address.

The token is behind `#`, so that it is in no server's log and no referrer; the page's script sends it.
"""

from flask import Blueprint, Response

from app.http.html import page

blueprint = Blueprint("join", __name__)


@blueprint.get("/join")
def join() -> Response:
    """Accepting an invitation."""
    return page("joining/join.html")


@blueprint.get("/confirm")
def confirm() -> Response:
    """Confirming an address. It changes nothing until its button is used: programs open the links of mails too."""
    return page("joining/confirm.html")
