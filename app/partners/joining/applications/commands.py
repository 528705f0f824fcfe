"""Storing the answers of an application, and accepting a partner agreement."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.errors import Conflict, InvalidRequest
from app.immutable import immutable
from app.organizations import actors, audit
from app.partners.joining.applications.models import AgreementAcceptance, Application
from app.partners.models import Partner
from app.programs.applying.fields import Answer, valid_answers
from app.programs.applying.queries import load_fields, newest_agreement


@immutable
class Filled:
    """What a person sent with an application.

    Attributes:
        answers: by the names of the form's fields.
        agreement_version: the version of the agreement that was shown and accepted.
    """

    answers: Mapping[str, str]
    agreement_version: int | None


def check(session: Session, program_id: UUID, filled: Filled) -> list[Answer]:
    """The answers as they are stored, if the form is complete and the agreement in force was accepted.

    Raises:
        InvalidRequest: names the answer, or `agreement_version`.
        Conflict: `agreement_changed`: another version is in force now than the one that was shown.
    """
    answers = valid_answers(load_fields(session, program_id), filled.answers)
    require_version(session, program_id, filled.agreement_version)
    return answers


def require_version(session: Session, program_id: UUID, version: int | None) -> None:
    """Refuse any version but that in force; None only if there is no agreement. Raises InvalidRequest, Conflict."""
    present = newest_agreement(session, program_id)
    if present is None:
        if version is not None:
            message = "the program has no partner agreement; leave agreement_version out"
            raise InvalidRequest(message, param="agreement_version")
        return
    if version is None:
        message = f"the partner agreement must be accepted; its version in force is {present.version}"
        raise InvalidRequest(message, param="agreement_version")
    if version != present.version:
        message = f"version {present.version} of the partner agreement is in force, not {version}; read and accept it"
        raise Conflict(message, code="agreement_changed", param="agreement_version")


def store(session: Session, partner: Partner, answers: list[Answer], version: int | None) -> None:
    """Store what was checked, for a partner that has just applied."""
    if answers:
        rows = [answer.model_dump() for answer in answers]
        session.add(Application(partner_id=partner.id, organization_id=partner.organization_id, answers=rows))
    if version is not None:
        _insert_acceptance(session, partner, version)
    session.flush()


def accept(session: Session, actor: actors.Actor, partner: Partner, version: int) -> None:
    """Accept the agreement in force, with an audit entry; accepting it again changes nothing.

    The session may write as the partner (`partner_side.writing.own_transaction`).

    Raises:
        InvalidRequest: the program has no agreement.
        Conflict: `agreement_changed`: another version is in force.
    """
    require_version(session, partner.program_id, version)
    if _insert_acceptance(session, partner, version):
        details, subject_id = {"version": version}, ids.encode(ids.PARTNER, partner.id)
        owner = partner.organization_id
        audit.add_entry(session, actor, "partner.agreement_accepted", subject_id, details, organization_id=owner)


def _insert_acceptance(session: Session, partner: Partner, version: int) -> bool:
    """Whether it is the partner's first acceptance of the version."""
    values = {
        "partner_id": partner.id,
        "version": version,
        "program_id": partner.program_id,
        "organization_id": partner.organization_id,
    }
    stored = insert(AgreementAcceptance).values(**values).on_conflict_do_nothing()
    return session.execute(stored.returning(AgreementAcceptance.version)).first() is not None
