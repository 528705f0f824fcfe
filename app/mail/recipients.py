"""To whom a mail goes, in which language, and why it is not sent. Addresses are looked up when it is sent."""

from dataclasses import field
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.immutable import immutable
from app.mail_queue import switches
from app.mail_queue.kinds import OF
from app.mail_queue.models import Mail
from app.mail_queue.sending import End
from app.organizations.models import Organization
from app.partners.models import Partner
from app.partners.validation import OPEN
from app.people import notices, sessions
from app.people.models import Membership, Person

OF_ENDED: Final = frozenset({"rejected", "monthly_summary", "payout_sent", "payout_failed"})
"""Kinds that a partner gets also after its enrollment has ended."""
UNCONFIRMED: Final = frozenset({"confirm_address"})
"""Kinds that go to an unconfirmed address."""


@immutable
class Recipient:
    """Who gets a mail.

    Attributes:
        email: the address.
        language: the language that the person chose; None if it chose none, or never signs in.
        person_id: the person, if one with this address signs in.
    """

    email: str = field(repr=False)
    language: str | None
    person_id: UUID | None


@immutable
class Unsent:
    """Why a mail is not sent: the state that it gets, and a code."""

    state: End
    problem: str


def find(session: Session, mail: Mail) -> Recipient | Unsent:
    """The recipient of a mail, or why it has none."""
    if mail.partner_id is not None:
        return _partner(session, mail)
    if mail.person_id is not None:
        return _person(session, mail, mail.person_id)
    owner = session.get(Organization, mail.organization_id)
    if owner is None or owner.email is None:
        return Unsent("given_up", "no_address")
    return _known(session, owner.email)


def switched_off(session: Session, mail: Mail, recipient: Recipient) -> Unsent | None:
    """Why the kind is not sent to this recipient; None if nothing forbids it."""
    kind = OF[mail.kind]
    if kind.is_fixed:
        return None
    if kind.is_about_money and mail.livemode is False:
        return Unsent("switched_off", "test_money")
    if mail.organization_id is not None and mail.kind in switches.of_mail(session, mail).switched_off:
        return Unsent("switched_off", "off_for_program" if mail.partner_id else "off_for_organization")
    if recipient.person_id is not None and mail.kind in switches.of_person(session, recipient.person_id):
        return Unsent("switched_off", "off_by_person")
    return None


def _partner(session: Session, mail: Mail) -> Recipient | Unsent:
    partner = session.get(Partner, mail.partner_id)
    if partner is None or (partner.status not in OPEN and mail.kind not in OF_ENDED):
        return Unsent("given_up", "enrollment_ended")
    if partner.email_state == "unconfirmed" and mail.kind not in UNCONFIRMED:
        return Unsent("given_up", "address_unconfirmed")
    return _known(session, partner.email)


def _person(session: Session, mail: Mail, person_id: UUID) -> Recipient | Unsent:
    person = session.get(Person, person_id)
    if person is None or not _may_get(session, mail, person_id):
        return Unsent("given_up", "person_disabled")
    return Recipient(person.email, person.language, person.id)


def _may_get(session: Session, mail: Mail, person_id: UUID) -> bool:
    if mail.organization_id is None:
        return bool(sessions.organizations_of(session, person_id))
    member = session.get(Membership, (person_id, mail.organization_id))
    return member is not None and member.disabled_at is None and member.role in notices.MANAGING


def _known(session: Session, email: str) -> Recipient:
    person = session.scalar(select(Person).where(Person.email == email))
    return Recipient(email, None, None) if person is None else Recipient(email, person.language, person.id)
