"""Which mails are sent: those of the merchant, and those that the person who is signed in wants."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import db
from app.mail import texts
from app.mail_queue import switches
from app.mail_queue.kinds import changeable
from app.pages import layout, reader, signed_in
from app.pages.console.frame import asked, blueprint, sent
from app.pages.forms.settings.mails import owners
from app.pages.forms.settings.mails.owners import MailOwner, OwnerQuery
from app.pages.signed_in import SignedIn
from app.views import Request


class Switched(Request):
    """The kinds that are sent, and the language for recipients who chose none."""

    program: str | None = None
    kinds: list[str] = Field(default=[], max_length=50)
    language: str | None = None


class ChosenMails(Request):
    """The kinds that the person wants."""

    kinds: list[str] = Field(default=[], max_length=50)


@blueprint.get("/settings/mails")
@signed_in.page("mails:read")
def mail_settings(session: Session, who: SignedIn) -> Response:
    """Switches and own texts of a program or of the organization, and what the person wants."""
    owner = owners.find(session, who, asked(OwnerQuery).program)
    return layout.render(
        "console/mails/settings.html",
        who,
        owner=owner,
        programs=owners.offered(session, who),
        kinds=changeable(to_partners=owner.program_id is not None),
        chosen=switches.load(session, owner.organization_id, owner.program_id),
        own_texts=texts.load(session, owner.organization_id, owner.program_id),
        languages=reader.offered(),
        own_kinds=changeable(to_partners=False),
        unwanted=switches.of_person(session, who.person_id),
    )


@blueprint.post("/settings/mails")
@signed_in.form("mails:write", shown_on=mail_settings)
def change_mail_settings(session: Session, who: SignedIn) -> ResponseReturnValue:
    """Send the kinds that are ticked, and no others."""
    body = sent(Switched)
    owner = owners.find(session, who, body.program)
    offered = changeable(to_partners=owner.program_id is not None)
    switched_off = [name for name in offered if name not in body.kinds]
    switches.change(
        session,
        who.caller,
        owner.organization_id,
        owner.program_id,
        switched_off=switched_off,
        language=body.language,
    )
    return layout.flash(redirect(_address(owner), 303), "mail_settings_changed")


@blueprint.post("/settings/mails/own")
@signed_in.form(None)
def choose_own_mails(_session: Session, who: SignedIn) -> ResponseReturnValue:
    """Send the person the kinds that are ticked, and of those to managers no others."""
    body = sent(ChosenMails)
    with db.web_transaction() as session:
        to_managers = changeable(to_partners=False)
        kept = switches.of_person(session, who.person_id).difference(to_managers)
        unwanted = kept.union(name for name in to_managers if name not in body.kinds)
        owner_id = who.caller.organization_id
        switches.set_for_person(session, who.caller, who.person_id, unwanted, organization_id=owner_id)
    return layout.flash(redirect(url_for("console.mail_settings"), 303), "own_mails_chosen")


def _address(owner: MailOwner) -> str:
    return url_for("console.mail_settings", program=owner.public_id)
