"""Open sign-up: anybody may ask to be a partner of a program that allows it, and waits for its owner."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.errors import NotFound
from app.organizations import audit, hierarchy
from app.organizations.audit import Actor
from app.partners import enrollment
from app.partners.joining import confirmations
from app.partners.joining.invitations import Joined, first_key
from app.partners.rules import split_name
from app.programs.models import Program
from app.texts import require_address


def sign_up(session: Session, by: Actor, program_id: str, *, name: str, email: str) -> Joined:
    """A new affiliate of that name, its key, and its enrollment, pending until the owner approves. Audited.

    It is the same whether the address is known in the program or not, and touches no partner that exists: the address
    stays unconfirmed until a link is used that is mailed to it. Not in a narrowed session.

    Raises:
        InvalidRequest: `email` is no address.
        NotFound: `program_not_found`: there is none, it is not active, or it takes no sign-ups, without saying which.
    """
    address = require_address(email)
    program = _open_program(session, program_id)
    first_name, last_name = split_name(name)
    organization = hierarchy.create_organization(session, kind="affiliate", name=name)
    partner = enrollment.create_partner(
        session, program, email=address, email_state="unconfirmed", first_name=first_name, last_name=last_name
    )
    partner.partner_organization_id = organization.id
    session.flush()
    confirmations.request_mail(session, partner)
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.record(session, by, "partner.signed_up", subject_id, organization_id=program.organization_id)
    return Joined(partner, organization.id, first_key(session, organization.id))


def _open_program(session: Session, program_id: str) -> Program:
    found = session.scalar(
        select(Program).where(
            Program.id == ids.decode(program_id, ids.PROGRAM), Program.status == "active", Program.open_signup
        )
    )
    if found is None:
        raise NotFound.of("program", program_id, where=" that takes sign-ups", param="program_id")
    return found
