"""Routes for the log of mails."""

from flask import Response, g

from app.http import configured
from app.http.errors import ErrorBody
from app.http.surfaces import ViewResponse, needs, surface
from app.mail import log, views
from app.mail.log import MailFilter
from app.organizations import access
from app.rest.outbound.mails import requests

api = surface("Mails", __name__, "Mails to partners and to those who manage the organization: what became of each.")


@api.get("/api/v1/mails", security=needs("mails:read"), responses={"200": views.MailPage})
def list_mails(query: requests.MailQuery) -> Response:
    """Mails, newest first. Sign-in links are not among them."""
    filters = MailFilter(g.caller.livemode, query.state, query.kind, log.partner_id_of(query.partner_id))
    with access.transaction(g.caller) as session:
        page = log.list_mails(
            session, g.caller.organization_ids, filters, limit=query.limit, starting_after=query.starting_after
        )
        data = log.load_bodies(session, g.caller, page.rows)
        return ViewResponse(views.MailPage(data=data, has_more=page.has_more))


@api.get(
    "/api/v1/mails/<mail_id>",
    security=needs("mails:read"),
    responses={"200": views.MailDetails, "404": ErrorBody},
)
def show_mail(path: requests.MailPath) -> Response:
    """One mail with its words as they would be sent now, without tokens in its links."""
    with access.transaction(g.caller) as session:
        mail = log.get_mail(session, g.caller.organization_ids, path.mail_id)
        return ViewResponse(log.load_details(session, g.caller, mail, configured.settings().public_url))


@api.post(
    "/api/v1/mails/<mail_id>/resend",
    security=needs("mails:write"),
    responses={"200": views.MailBody, "404": ErrorBody, "409": ErrorBody},
)
def resend_mail(path: requests.MailPath) -> Response:
    """Send a mail again, with new links; what is switched off now is not sent."""
    with access.transaction(g.caller) as session:
        mail = log.get_mail(session, g.caller.organization_ids, path.mail_id, to_change=True)
        log.resend(session, g.caller, mail)
        [body] = log.load_bodies(session, g.caller, [mail])
        return ViewResponse(body)
