"""The merchant's own subject and text of a kind of mail in a language."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.errors import NotFound
from app.mail import texts
from app.mail_queue.kinds import OF, changeable
from app.pages import layout, signed_in
from app.pages.console.frame import asked, blueprint, sent
from app.pages.forms.settings.mails import owners
from app.pages.signed_in import SignedIn
from app.sentences import catalogue
from app.views import Request


class TextQuery(Request):
    """Which text; by default the first that can be changed."""

    program: str | None = None
    kind: str | None = None
    language: str = catalogue.SOURCE


class Written(TextQuery):
    """The merchant's own words; empty ones are refused by the command."""

    kind: str
    subject: str = ""
    text: str = ""


@blueprint.get("/settings/mails/text")
@signed_in.page("mails:read")
def mail_text(session: Session, who: SignedIn) -> Response:
    """The words of a kind of mail in a language, and the placeholders that they may have."""
    query = asked(TextQuery)
    owner = owners.find(session, who, query.program)
    offered = changeable(to_partners=owner.program_id is not None)
    kind = query.kind or offered[0]
    if kind not in offered or query.language not in catalogue.available():
        raise NotFound(f"there is no mail of the kind {kind[:40]!r} in the language {query.language[:20]!r}")
    own = texts.find(session, owner.organization_id, owner.program_id, kind, query.language)
    return layout.render(
        "console/mails/text.html",
        who,
        owner=owner,
        kind=kind,
        tag=query.language,
        words=texts.present(kind, query.language, own),
        is_own=own is not None,
        placeholders=OF[kind].placeholders,
    )


@blueprint.post("/settings/mails/text")
@signed_in.form("mails:write", shown_on=mail_text)
def change_mail_text(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Send the kind with these words from now on."""
    body = sent(Written)
    owner = owners.find(session, who, body.program)
    texts.change(
        session,
        who.caller,
        owner.organization_id,
        owner.program_id,
        body.kind,
        body.language,
        subject=body.subject,
        text=body.text,
    )
    return _back(owner.public_id, "mail_text_changed")


@blueprint.post("/settings/mails/text/remove")
@signed_in.form("mails:write", shown_on=mail_text)
def remove_mail_text(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Send the kind with Accrual's words again."""
    body = sent(Written)
    owner = owners.find(session, who, body.program)
    texts.remove(session, who.caller, owner.organization_id, owner.program_id, body.kind, body.language)
    return _back(owner.public_id, "mail_text_removed")


def _back(program: str | None, flash: str) -> Response:
    return layout.flash(redirect(url_for("console.mail_settings", program=program), 303), flash)
