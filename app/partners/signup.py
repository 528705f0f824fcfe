"""Open sign-up: anybody may ask to be a partner of a program that allows it, and waits for its owner."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, NotFound
from app.organizations import hierarchy
from app.partners import enrollment
from app.partners.invitation_models import PartnerMail
from app.partners.invitations import Joined, first_key
from app.partners.models import Partner, Program
from app.partners.rules import split_name
from app.texts import require_address

MAIL_PAUSE: Final = timedelta(hours=1)
"""One address is written to at most so often, however often somebody tries to sign up with it."""


def sign_up(session: Session, program_id: str, *, name: str, email: str) -> Joined:
    """A new organization of that name, its manage key, and its enrollment, pending until the owner approves.

    It never touches a partner that exists, whoever asks: that takes an invitation. Not in a narrowed session.

    Raises:
        InvalidRequest: `email` is no address.
        NotFound: `program_not_found`: there is none, it is not active, or it takes no sign-ups, without saying which.
        Conflict: `email_taken`; the caller rolls back.
    """
    address = require_address(email)
    program = _open_program(session, program_id)
    if _enrolled(session, program, address) is not None:
        raise Conflict(
            "a partner with this e-mail address is already enrolled in the program", code="email_taken", param="email"
        )
    first_name, last_name = split_name(name)
    organization = hierarchy.create_organization(session, kind="affiliate", name=name, email=address)
    partner = enrollment.create_partner(session, program, email=address, first_name=first_name, last_name=last_name)
    partner.partner_organization_id = organization.id
    session.flush()
    return Joined(partner, organization.id, first_key(session, organization.id))


def mail_owner(session: Session, program_id: str, *, email: str) -> None:
    """Note that the owner of an enrolled address is to be told somebody signed up with it; once an hour at most.

    Raises:
        NotFound: as `sign_up`.
    """
    partner = _enrolled(session, _open_program(session, program_id), require_address(email))
    if partner is None or partner.status in enrollment.ENDED:
        return
    recently = PartnerMail.created_at > datetime.now(UTC) - MAIL_PAUSE
    if session.scalar(select(exists().where(PartnerMail.partner_id == partner.id, recently))):
        return
    session.add(
        PartnerMail(
            id=ids.new(),
            organization_id=partner.organization_id,
            partner_id=partner.id,
            kind="already_enrolled",
        )
    )


def _open_program(session: Session, program_id: str) -> Program:
    found = session.scalar(
        select(Program).where(
            Program.id == ids.decode(program_id, ids.PROGRAM), Program.status == "active", Program.open_signup
        )
    )
    if found is None:
        raise NotFound.of("program", program_id, where=" that takes sign-ups", param="program_id")
    return found


def _enrolled(session: Session, program: Program, address: str) -> Partner | None:
    return session.scalar(
        select(Partner).where(Partner.program_id == program.id, Partner.email == address).with_for_update()
    )
