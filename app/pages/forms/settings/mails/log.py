"""The log of mails, one mail with its words, and sending it again."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.http import configured
from app.mail import log
from app.mail.log import MailFilter
from app.mail_queue.kinds import KINDS, KindName
from app.mail_queue.models import STATES, State
from app.pages import layout, signed_in
from app.pages.console.frame import ROWS, Listing, asked, blueprint, links
from app.pages.signed_in import SignedIn


class MailQuery(Listing):
    """A filter of mails."""

    state: State | None = None
    kind: KindName | None = None
    partner_id: str | None = None


@blueprint.get("/mails")
@signed_in.page("mails:read")
def mails(session: Session, who: SignedIn) -> Response:
    """Mails, newest first, with what became of each."""
    query = asked(MailQuery)
    filters = MailFilter(who.caller.livemode, query.state, query.kind, log.partner_id_of(query.partner_id))
    page = log.list_mails(
        session, who.caller.organization_ids, filters, limit=ROWS, starting_after=query.starting_after
    )
    rows = log.load_bodies(session, who.caller, page.rows)
    return layout.render(
        "console/mails/list.html",
        who,
        asked=query,
        kinds=KINDS,
        states=STATES,
        rows=rows,
        links=links(rows, has_more=page.has_more),
    )


@blueprint.get("/mails/<mail_id>")
@signed_in.page("mails:read")
def mail(session: Session, who: SignedIn, mail_id: str) -> Response:
    """A mail, what became of it, and its words as they would be sent now."""
    found = log.get_mail(session, who.caller.organization_ids, mail_id)
    shown = log.load_details(session, who.caller, found, configured.settings().public_url)
    return layout.render("console/mails/mail.html", who, shown=shown)


@blueprint.post("/mails/<mail_id>/resend")
@signed_in.form("mails:write", shown_on=mail)
def resend_mail(session: Session, who: SignedIn, mail_id: str) -> ResponseReturnValue:
    """Have a mail sent again."""
    log.resend(session, who.caller, log.get_mail(session, who.caller.organization_ids, mail_id, to_change=True))
    return layout.flash(redirect(url_for("console.mail", mail_id=mail_id), 303), "mail_resent")
