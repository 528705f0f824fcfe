"""The page that asks before something is done that cannot be undone, or that stops what works."""

from collections.abc import Mapping
from typing import Any, Literal

from flask import Response

from app.pages import layout
from app.pages.signed_in import SignedIn

What = Literal[
    "remove_secret",
    "disable_endpoint",
    "delete_endpoint",
    "revoke_key",
    "revoke_browser_key",
    "revoke_client_key",
    "rotate_webhook",
    "disable_webhook",
    "delete_webhook",
    "disable_person",
]
"""What is asked for."""


def page(who: SignedIn, what: What, path: Mapping[str, str], *, back: str, **values: Any) -> Response:
    """Asks whether to do `what`: its words are `page.confirm_title`, `_text` and `_button`, then `.<what>`.

    Args:
        who: the person.
        what: the code of its words, and the name of the form that does it, in Flask without `console.`.
        path: the parameters in the path of the form.
        back: the address of the page that led here.
        values: the values of its words.
    """
    return layout.render(
        "console/settings/confirm.html",
        who,
        what=what,
        path=path,
        back=back,
        values=values,
    )
