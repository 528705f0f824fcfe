"""Which mails a partner's person gets."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import db
from app.mail_queue import switches
from app.mail_queue.kinds import changeable
from app.pages import layout
from app.pages.portal.frame import blueprint, form
from app.pages.signed_in import SignedIn


@blueprint.post("/profile/mails")
@form("partners:read")
def choose_mails(_narrowed: Session, who: SignedIn) -> ResponseReturnValue:
    """Get the mails of the kinds in field `kind`, which may be repeated, and of the kinds that cannot be switched off.

    In a transaction that is not narrowed, as the command asks: a person may be in organizations not shown now.
    """
    kinds = request.form.getlist("kind")
    with db.web_transaction() as session:
        offered = changeable(to_partners=True)
        others = switches.of_person(session, who.person_id) - set(offered)
        unwanted = {*others, *(kind for kind in offered if kind not in kinds)}
        organization_id = who.caller.organization_id
        switches.set_for_person(session, who.caller, who.person_id, unwanted, organization_id=organization_id)
    return layout.flash(redirect(url_for("portal.profile", _anchor="mails"), 303), "mails_chosen")
