"""Composes a mail: finds who gets it, makes its content and links, and renders its words as text and HTML."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.branding import brand
from app.branding.brand import Brand
from app.mail import recipients, rendering, texts
from app.mail.making import links, to_managers, to_partners
from app.mail.making.contents import About, Content, Maker
from app.mail.recipients import Recipient, Unsent
from app.mail.rendering import Message, Words
from app.mail_queue import switches
from app.mail_queue.kinds import OF
from app.mail_queue.models import Mail
from app.organizations.models import Organization
from app.partners.models import Partner
from app.programs.models import Program
from app.sentences import catalogue
from app.sentences.say import say, shown

T = TypeVar("T", Organization, Program, Partner)

MAKERS: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        maker.__name__: maker
        for maker in (
            *(links.login, links.confirm_address, links.already_enrolled, links.invitation),
            *(to_partners.application_received, to_partners.approved, to_partners.rejected),
            *(to_partners.first_commission, to_partners.monthly_summary, to_partners.rate_changed),
            *(to_partners.payout_sent, to_partners.payout_failed, to_partners.postback_disabled),
            *(to_managers.new_application, to_managers.event_parked, to_managers.endpoint_disabled),
            to_managers.payout_ready,
        )
    }
)
"""What makes the content of a kind, by its name."""
PRODUCT: Final = "Accrual"
"""Who mails are from that are about no program, or to those who manage it."""


def compose(session: Session, mail: Mail, public_url: str) -> Message | Unsent:
    """The mail as it is sent now, with new tokens in its links; or why it is not sent.

    Effects: stores the tokens' hashes, and the language in the mail's row.
    """
    recipient = recipients.find(session, mail)
    if isinstance(recipient, Unsent):
        return recipient
    refused = recipients.switched_off(session, mail, recipient)
    if refused is not None:
        return refused
    mail.language = _language(session, mail, recipient.language)
    return _message(session, mail, public_url, mail.language, recipient=recipient)


def preview(session: Session, mail: Mail, public_url: str) -> Message | Unsent:
    """The mail as it would be sent now, without an address and without tokens in its links; stores nothing.

    If it was sent before, it is in the language in which it was sent.
    """
    recipient = recipients.find(session, mail)
    chosen = None if isinstance(recipient, Unsent) else recipient.language
    return _message(session, mail, public_url, mail.language or _language(session, mail, chosen))


def _language(session: Session, mail: Mail, chosen: str | None) -> str:
    """What the recipient chose, else what the merchant set, else that of the installation."""
    present = chosen if chosen in catalogue.available() else switches.of_mail(session, mail).language
    return catalogue.of_choice(present).language


def _message(
    session: Session, mail: Mail, public_url: str, language: str, *, recipient: Recipient | None = None
) -> Message | Unsent:
    look = brand.load(session, mail.program_id) if mail.program_id and mail.partner_id else Brand(PRODUCT)
    about = About(
        session,
        mail,
        _get(session, Organization, mail.organization_id),
        _get(session, Program, mail.program_id),
        _get(session, Partner, mail.partner_id),
        look.name,
        public_url,
        is_preview=recipient is None,
    )
    with catalogue.using(catalogue.of_choice(language)):
        content = MAKERS[mail.kind](about)
        if isinstance(content, Unsent):
            return content
        return rendering.render(
            _words(session, mail, content, language),
            content,
            look,
            public_url=public_url,
            footer=_footer(about),
            recipient="" if recipient is None else recipient.email,
        )


def _get(session: Session, model: type[T], row_id: UUID | None) -> T | None:
    return None if row_id is None else session.get(model, row_id)


def _words(session: Session, mail: Mail, content: Content, language: str) -> Words:
    """The merchant's own words for the kind in this language, else Accrual's."""
    if mail.organization_id is not None and not OF[mail.kind].is_fixed:
        program_id = mail.program_id if OF[mail.kind].audience == "partner" else None
        own = texts.find(session, mail.organization_id, program_id, mail.kind, language)
        if own is not None:
            return rendering.filled(own.subject, own.text, shown(content.values))
    return Words(say(f"mail.{mail.kind}.subject", **content.values), say(f"mail.{mail.kind}.text", **content.values))


def _footer(about: About) -> str:
    """Why the recipient gets the mail, and where it can be switched off."""
    if OF[about.mail.kind].is_fixed:
        return say("mail.footer.fixed", public_url=about.public_url)
    if about.partner is not None:
        return say("mail.footer.partner", program_name=about.brand_name, url=f"{about.public_url}/portal/profile")
    name = about.organization.name if about.organization else ""
    return say("mail.footer.manager", organization_name=name, url=f"{about.public_url}/console/settings/mails")
