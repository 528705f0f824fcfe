"""Forms that do their work once, however often the same form is sent: a second click makes nothing twice.

The form has the field of the macro `once`. That it was sent is stored as for an `Idempotency-Key`, in the transaction
of its changes; a form that was refused can be sent again.
"""

from functools import wraps
from hashlib import sha256
from typing import Any

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.errors import Conflict
from app.organizations import stored_responses
from app.organizations.stored_responses import RequestIdentity, StoredResponse
from app.pages import browser, layout
from app.pages.signed_in import SignedIn, View


def once(view: View) -> View:
    """Decorates the function of a form, below `signed_in.form`. Sent again, it leads where it led the first time.

    If it answered with a page of its own, which may have shown a secret, it is refused: Conflict `form_repeated`.
    """

    @wraps(view)
    def doing(session: Session, who: SignedIn, **path: Any) -> ResponseReturnValue:
        if not request.form.get(browser.ONCE):
            return view(session, who, **path)
        identity = _identity(who)
        stored_responses.lock_key(session, identity)
        first = stored_responses.load_response(session, identity)
        if first is not None:
            return _repeated(first)
        response = make_response(view(session, who, **path))
        leads_to = response.headers.get("Location", "")
        stored_responses.insert_response(session, identity, status=response.status_code, response=leads_to)
        return response

    return doing


def _identity(who: SignedIn) -> RequestIdentity:
    """The form, with what was filled in: the same page sent with other values or files is another request."""
    fields = (text for field in sorted(request.form.items(multi=True)) for text in field)
    files = (text for name, file in request.files.items(multi=True) for text in (name, _content(file)))
    filled = stored_responses.digest(*fields, *files)
    key = stored_responses.digest(request.form[browser.ONCE], filled.hex()).hex()
    return stored_responses.identify(who.caller, request.path, key, filled)


def _content(file: FileStorage) -> str:
    """The name of an uploaded file with a digest of what is in it, which can be read again after it."""
    digest = sha256(file.stream.read()).hexdigest()
    file.stream.seek(0)
    return f"{file.filename} {digest}"


def _repeated(first: StoredResponse) -> ResponseReturnValue:
    if not first.response:
        message = "this form was sent before, and what it showed is shown once; load the page again to send another"
        raise Conflict(message, code="form_repeated")
    return layout.flash(redirect(first.response, 303), "form_repeated")
