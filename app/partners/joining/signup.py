"""Open sign-up: people become pending partners of a program that allows it, without an invitation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.branding import brand as brands
from app.branding import texts
from app.branding.brand import Brand
from app.errors import InvalidRequest, NotFound
from app.immutable import immutable
from app.organizations import audit, hierarchy
from app.organizations.actors import Actor
from app.organizations.models import Organization
from app.partners import enrollment
from app.partners.joining import confirmations, first_keys, invitations
from app.partners.joining.applications import commands as applications
from app.partners.joining.applications.commands import Filled
from app.partners.joining.invitations import Joined
from app.partners.managing import outbound_facts
from app.partners.validation import split_name
from app.programs.applying.fields import FormField
from app.programs.applying.models import Agreement
from app.programs.applying.queries import load_fields, newest_agreement
from app.programs.models import Program
from app.programs.shapes import shape_of
from app.programs.terms import terms_in_force
from app.texts import require_address

LIMIT: Final = "signup"
"""The name of the limit of sign-ups."""
PER_MINUTE: Final = 5
"""Sign-ups for each network address, which a household or an office may share."""

NOTHING_FILLED: Final = Filled({}, None)


@immutable
class OpenProgram:
    """A program that takes sign-ups, with the name of its owner and what it pays now."""

    program: Program
    brand: Brand
    organization_name: str
    commission: Mapping[str, Any]
    holdback_days: int | None
    fields: Sequence[FormField]
    agreement: Agreement | None

    def introduction(self) -> list[str]:
        """The owner's text above the application, by paragraphs; what it pays in the reader's language."""
        values = {
            "program": self.brand.name,
            "organization": self.organization_name,
            "commission": shape_of(self.commission).offer(self.program.currency),
            "support_email": self.brand.support_email or "",
        }
        return texts.paragraphs(self.brand.application_text, values)


def load_open(session: Session, program_id: str) -> OpenProgram:
    """What a person who may sign up reads of a program. Not in a narrowed session. Raises NotFound as `sign_up`."""
    program = _open_program(session, program_id)
    owner = session.get_one(Organization, program.organization_id)
    terms = terms_in_force(session, program.id)
    return OpenProgram(
        program,
        brands.load(session, program.id),
        owner.name,
        terms.commission,
        terms.holdback_days,
        load_fields(session, program.id),
        newest_agreement(session, program.id),
    )


def register(
    session: Session,
    actor: Actor,
    *,
    name: str,
    program_id: str | None,
    email: str | None,
    token: str | None,
    filled: Filled = NOTHING_FILLED,
) -> Joined:
    """Join by an invitation's token, which names program and address; without one, by `sign_up`.

    Who was invited may accept the partner agreement later, in the portal.

    Raises:
        InvalidRequest: a field is missing without a token, or sent with one; or as `sign_up` and `invitations.join`.
        NotFound, Conflict: as `sign_up` and `invitations.join`.
    """
    if token is not None:
        for param, value in (("program_id", program_id), ("email", email)):
            if value is not None:
                raise InvalidRequest(f"do not send {param} with a token, which names it already", param=param)
        if filled.answers:
            raise InvalidRequest("do not send answers with a token: only who applies is asked", param="answers")
        joined = invitations.join(session, actor, token, name)
        if filled.agreement_version is not None:
            applications.accept(session, actor, joined.partner, filled.agreement_version)
        return joined
    if program_id is None or email is None:
        missing = "program_id" if program_id is None else "email"
        raise InvalidRequest(f"{missing} is required without a token", param=missing)
    return sign_up(session, actor, program_id, name=name, email=email, filled=filled)


def sign_up(
    session: Session, actor: Actor, program_id: str, *, name: str, email: str, filled: Filled = NOTHING_FILLED
) -> Joined:
    """Create an affiliate organization, its key, and its enrollment, pending until the owner approves; audit entry.

    The result is the same whether or not the address is enrolled in the program, and no existing partner changes: the
    address stays unconfirmed until the link mailed to it is used. The answers are stored with the new partner, whether
    or not its address is confirmed later. Not in a narrowed session.

    Raises:
        InvalidRequest: `email` is not an address; or as `applications.commands.check`.
        Conflict: `agreement_changed`.
        NotFound: `program_not_found`: the program does not exist, is not active, or takes no sign-ups; the message does
            not say which.
    """
    address = require_address(email)
    program = _open_program(session, program_id)
    answers = applications.check(session, program.id, filled)
    first_name, last_name = split_name(name)
    organization = hierarchy.create_organization(session, kind="affiliate", name=name)
    partner = enrollment.create_partner(
        session, program, email=address, email_state="unconfirmed", first_name=first_name, last_name=last_name
    )
    partner.partner_organization_id = organization.id
    session.flush()
    applications.store(session, partner, answers, filled.agreement_version)
    confirmations.request_mail(session, partner)
    subject_id = ids.encode(ids.PARTNER, partner.id)
    audit.add_entry(session, actor, "partner.signed_up", subject_id, organization_id=program.organization_id)
    outbound_facts.record(session, partner, outbound_facts.APPLIED)
    return Joined(partner, organization.id, first_keys.issue(session, organization.id, partner.organization_id))


def _open_program(session: Session, program_id: str) -> Program:
    program = session.scalar(
        select(Program).where(
            Program.id == ids.decode(program_id, ids.PROGRAM), Program.status == "active", Program.open_signup
        )
    )
    if program is None:
        raise NotFound.of("program", program_id, where=" that takes sign-ups", param="program_id")
    return program
